//go:build !linux

package wrapper

import "net"

// reusable says that a connection that the peer has closed is noticed before it is used.
const reusable = false

// A conn is a connection. Lambda is Linux: here the wrapper runs only for corsgate serve and explain.
type conn struct{ net.Conn }

func newConn(c net.Conn) (*conn, error) { return &conn{c}, nil }

// send only writes; wait and ready leave all waiting to what is read next.
func (c *conn) send(b []byte) (int, error) { return c.Write(b) }
func (c *conn) wait(*conn) bool            { return false }
func (c *conn) ready() bool                { return true }
