package responder

import "bytes"

// scanner finds the few strings in an event that an answer depends on, without
// decoding the rest: an event may hold a body of 1 MB that nobody reads. It
// knows only what the load balancer sends. Whatever is unusual, an escape in a
// header of interest to begin with, it leaves to encoding/json.
type scanner struct {
	rest []byte
}

// scan returns the request of a usual event, and false for any other.
func scan(payload []byte) (r request, ok bool) {
	s := scanner{payload}
	ok = s.object(func(key []byte) bool {
		switch {
		case is(key, "httpMethod"):
			return s.plain(&r.method)
		case is(key, "path"):
			return s.plain(&r.path)
		case is(key, "headers"):
			again := r.single || r.multi
			r.single = true
			return !again && s.object(func(name []byte) bool {
				if value := r.header(name); value != nil {
					return s.plain(value)
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
	return r, ok && (r.single || r.multi) && len(s.rest) == 0
}

// header returns where the value of a header is kept, nil for those that no
// answer depends on.
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

// is reports whether key is name, in whatever case a stand-in for the load
// balancer writes it.
func is(key []byte, name string) bool {
	return len(key) == len(name) && bytes.EqualFold(key, []byte(name))
}

// object reads an object, calling member with every key to read the value.
func (s *scanner) object(member func(key []byte) bool) bool {
	if !s.byte('{') {
		return false
	}
	if s.byte('}') {
		return true
	}
	for {
		key, ok := s.string()
		if !ok || !isPlain(key) || !s.byte(':') || !member(key) {
			return false
		}
		if s.byte('}') {
			return true
		}
		if !s.byte(',') {
			return false
		}
	}
}

// plain reads a string without escapes into value.
func (s *scanner) plain(value *string) bool {
	text, ok := s.string()
	if !ok || !isPlain(text) {
		return false
	}
	*value = string(text)
	return true
}

// list reads an array of strings without escapes into value, with commas between
// them, as HTTP joins the lines of a header.
func (s *scanner) list(value *string) bool {
	if !s.byte('[') {
		return false
	}
	*value = ""
	for separator := ""; ; separator = ", " {
		var text string
		if !s.plain(&text) {
			return false
		}
		*value += separator + text
		if !s.byte(',') {
			return s.byte(']')
		}
	}
}

// string reads a string and returns what is between the quotes.
func (s *scanner) string() ([]byte, bool) {
	if !s.quote() {
		return nil, false
	}
	for end := 0; ; end++ {
		i := bytes.IndexByte(s.rest[end:], '"')
		if i < 0 {
			return nil, false
		}
		end += i
		text := s.rest[:end]
		if backslashes := len(text) - len(bytes.TrimRight(text, `\`)); backslashes%2 == 0 {
			s.rest = s.rest[end+1:]
			s.space()
			return text, true
		}
	}
}

func (s *scanner) quote() bool {
	if len(s.rest) == 0 || s.rest[0] != '"' {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// skip passes over one value of any type.
func (s *scanner) skip() bool {
	start := len(s.rest)
	for depth := 0; len(s.rest) > 0; {
		switch s.rest[0] {
		case '"':
			if _, ok := s.string(); !ok {
				return false
			}
			if depth == 0 {
				return true
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return len(s.rest) < start // after a number, true, false or null
			}
			if depth--; depth == 0 {
				s.rest = s.rest[1:]
				s.space()
				return true
			}
		case ',':
			if depth == 0 {
				return len(s.rest) < start
			}
		}
		s.rest = s.rest[1:]
	}
	return false
}

// byte passes over b and the white space after it.
func (s *scanner) byte(b byte) bool {
	if len(s.rest) == 0 || s.rest[0] != b {
		return false
	}
	s.rest = s.rest[1:]
	s.space()
	return true
}

func (s *scanner) space() {
	for len(s.rest) > 0 && (s.rest[0] == ' ' || s.rest[0] == '\n' || s.rest[0] == '\t' || s.rest[0] == '\r') {
		s.rest = s.rest[1:]
	}
}

// isPlain reports whether text is ASCII that JSON writes as it is.
func isPlain(text []byte) bool {
	for _, c := range text {
		if c < ' ' || c > '~' || c == '\\' {
			return false
		}
	}
	return true
}
