package wrapper

import (
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

// wait waits until c has something to read, or other, if there is one, is closed by its peer, and reports the latter.
func (c *conn) wait(other *conn) (closed bool) {
	fds := []unix.PollFd{{Fd: c.fd, Events: unix.POLLIN}, {Fd: -1}} // poll skips a negative one
	if other != nil {
		fds[1] = unix.PollFd{Fd: other.fd, Events: unix.POLLRDHUP}
	}
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
