package wrapper

import (
	"errors"
	"io"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// reusable says that a connection that the peer has closed is noticed before it is used.
const reusable = true

// A conn waits in the kernel, in the thread that needs what comes, instead of in Go's netpoller: an event
// waits four times, and each time the netpoller wakes another thread.
type conn struct {
	net.Conn
	raw syscall.RawConn
	fd  int32 // valid as long as Conn is open, which its link alone closes
}

func newConn(c net.Conn) (*conn, error) {
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		return nil, err
	}
	wrapped := &conn{Conn: c, raw: raw}
	return wrapped, raw.Control(func(fd uintptr) { wrapped.fd = int32(fd) })
}

// Read reads as a [net.Conn] does.
func (c *conn) Read(b []byte) (n int, err error) {
	controlled := c.raw.Read(func(fd uintptr) bool {
		for {
			n, err = unix.Read(int(fd), b)
			switch err {
			case unix.EAGAIN:
				poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1)
			case unix.EINTR:
			default:
				return true
			}
		}
	})
	switch {
	case controlled != nil:
		return 0, controlled
	case err != nil:
		return 0, err
	case n == 0 && len(b) > 0:
		return 0, io.EOF
	}
	return n, nil
}

var errRefused = errors.New("it is not read, and the response is there")

// send writes as a [net.Conn] does, but gives up where the peer reads nothing for a second and has sent something:
// it has responded and may never read the rest.
func (c *conn) send(b []byte) (n int, err error) {
	controlled := c.raw.Write(func(fd uintptr) bool {
		for n < len(b) {
			m, failed := unix.Write(int(fd), b[n:])
			switch failed {
			case nil:
				n += m
			case unix.EAGAIN:
				fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
				poll(fds, 1000)
				if fds[0].Revents == 0 && c.ready() {
					err = errRefused
					return true
				}
			case unix.EINTR:
			default:
				err = failed
				return true
			}
		}
		return true
	})
	return n, errors.Join(controlled, err)
}

// wait waits until c has something to read, or other is closed by its peer, and reports the latter.
func (c *conn) wait(other *conn) (closed bool) {
	fds := []unix.PollFd{{Fd: c.fd, Events: unix.POLLIN}, {Fd: other.fd, Events: unix.POLLRDHUP}}
	poll(fds, -1)
	return fds[1].Revents != 0
}

// ready reports whether there is something to read, an end included.
func (c *conn) ready() bool {
	fds := []unix.PollFd{{Fd: c.fd, Events: unix.POLLIN}}
	poll(fds, 0)
	return fds[0].Revents != 0
}

// poll waits for one of fds for some ms, or without an end if they are negative.
func poll(fds []unix.PollFd, ms int) {
	for {
		if _, err := unix.Poll(fds, ms); err != unix.EINTR {
			return // with any other error, what is then read says what is wrong
		}
	}
}
