package responder

import "bytes"

// scanner finds the few strings in an event that an answer depends on, without
// decoding the rest: an event may hold a body of 1 MB that is never used. It
// knows only what the load balancer sends, and leaves anything unusual, such as
// an escape in a header that it needs, to encoding/json.
type scanner struct {
	event []byte
	at    int
}

// scan returns the request of a usual event, and false for any other.
func scan(payload []byte) (r request, ok bool) {
	s := scanner{event: payload}
	ok = s.object(func(key []byte) bool {
		switch {
		case is(key, "httpMethod"):
			return s.text(&r.method)
		case is(key, "path"):
			return s.text(&r.path)
		case is(key, "headers"):
			again := r.single || r.multi
			r.single = true
			return !again && s.object(func(name []byte) bool {
				if value := r.header(name); value != nil {
					return s.text(value)
				}
				return s.skip()
			})
		case is(key, "multiValueHeaders"):
			again := r.single || r.multi
			r.multi = true
			return !again && s.object(func(name []byte) bool {
				if value := r.header(name); value != nil {
					return s.list(value)
				}
				return s.skip()
			})
		}
		return s.skip()
	})
	return r, ok && (r.single || r.multi) && s.at == len(payload)
}

// header returns where to store the value of a header, or nil if no answer
// depends on it.
func (r *request) header(name []byte) *string {
	switch {
	case is(name, "accept"):
		return &r.accept
	case is(name, "accept-language"):
		return &r.acceptLanguage
	case is(name, "origin"):
		return &r.origin
	case is(name, "access-control-request-method"):
		return &r.requestMethod
	case is(name, "access-control-request-headers"):
		return &r.requestHeaders
	}
	return nil
}

// is reports whether key is name. Case is ignored, since stand-ins for the load
// balancer vary it.
func is(key []byte, name string) bool {
	return len(key) == len(name) && bytes.EqualFold(key, []byte(name))
}

// object reads an object. It calls member with every key to read the value.
func (s *scanner) object(member func(key []byte) bool) bool {
	if !s.byte('{') {
		return false
	}
	if s.byte('}') {
		return true
	}
	for {
		key, ok := s.key()
		if !ok || !s.byte(':') || !member(key) {
			return false
		}
		if !s.byte(',') {
			return s.byte('}')
		}
	}
}

// key reads an ASCII string without escapes and returns it without the quotes.
func (s *scanner) key() ([]byte, bool) {
	if s.next() != '"' {
		return nil, false
	}
	rest := s.event[s.at+1:]
	for i, c := range rest {
		if c == '"' {
			s.advance(s.at + i + 2)
			return rest[:i], true
		}
		if c == '\\' || c > '~' {
			break
		}
	}
	return nil, false
}

// text reads a plain ASCII string into value.
func (s *scanner) text(value *string) bool {
	if s.next() != '"' {
		return false
	}
	rest := s.event[s.at+1:]
	for i, c := range rest {
		if c == '"' {
			*value = string(rest[:i])
			s.advance(s.at + i + 2)
			return true
		}
		if c < ' ' || c > '~' || c == '\\' {
			break
		}
	}
	return false
}

// list reads an array of plain ASCII strings into value, separated by commas, as
// HTTP joins the lines of a header.
func (s *scanner) list(value *string) bool {
	if !s.byte('[') || !s.text(value) {
		return false
	}
	for s.byte(',') {
		var more string
		if !s.text(&more) {
			return false
		}
		*value += ", " + more
	}
	return s.byte(']')
}

// skip skips one value of any type.
func (s *scanner) skip() bool {
	start := s.at
	for depth := 0; s.at < len(s.event); s.at++ {
		switch s.event[s.at] {
		case '"':
			if s.at = s.endOfString(); s.at < 0 {
				return false
			}
			if depth == 0 {
				s.advance(s.at + 1)
				return true
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return s.at > start // after a number, true, false or null
			}
			if depth--; depth == 0 {
				s.advance(s.at + 1)
				return true
			}
		case ',':
			if depth == 0 {
				return s.at > start
			}
		}
	}
	return false
}

// endOfString returns where the string that begins here ends, or -1.
func (s *scanner) endOfString() int {
	for end := s.at + 1; ; end++ {
		i := bytes.IndexByte(s.event[end:], '"')
		if i < 0 {
			return -1
		}
		end += i
		backslashes := 0
		for s.event[end-1-backslashes] == '\\' {
			backslashes++
		}
		if backslashes%2 == 0 {
			return end
		}
	}
}

// byte skips b and the white space after it.
func (s *scanner) byte(b byte) bool {
	if s.next() != b {
		return false
	}
	s.advance(s.at + 1)
	return true
}

// next returns the next byte, or 0 at the end.
func (s *scanner) next() byte {
	if s.at == len(s.event) {
		return 0
	}
	return s.event[s.at]
}

// advance continues at a position, or after the white space there. Between two
// values, JSON allows only white space below '!'.
func (s *scanner) advance(to int) {
	for to < len(s.event) && s.event[to] <= ' ' {
		to++
	}
	s.at = to
}
