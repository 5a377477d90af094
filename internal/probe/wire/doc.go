// Package wire sends one HTTP request and returns its response as it came: each header line by itself, in its order and, over
// HTTP/1.1, in its case. net/http keeps none of that, and a header that is sent twice is a fault that has to be seen.
//
// Nothing is followed, kept, decompressed or tried again. Each exchange has a connection of its own, a time limit and a
// limit to what is read, so that whatever the server does, it ends.
package wire
