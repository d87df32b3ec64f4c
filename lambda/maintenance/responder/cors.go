package responder

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// validateOrigins reports every origin that no browser would ever send, or that
// would let in more than its author can have meant.
func validateOrigins(origins []string) error {
	var errs []error
	for _, origin := range origins {
		if err := validateOrigin(origin); err != nil {
			errs = append(errs, fmt.Errorf("CORS origin %q: %w", origin, err))
		}
	}
	return errors.Join(errs...)
}

func validateOrigin(origin string) error {
	want := errors.New(`want "https://app.example.com" or "https://*.example.com"`)
	u, err := url.Parse(strings.Replace(origin, "://*.", "://", 1))
	if err != nil || u.Scheme == "" || u.Host == "" || u.Scheme+"://"+u.Host != strings.Replace(origin, "://*.", "://", 1) {
		return want
	}
	return nil
}

// allows reports whether scripts of origin may read the answer.
func allows(origins []string, origin string) bool {
	for _, o := range origins {
		if before, after, wild := strings.Cut(o, "*"); wild {
			if strings.HasPrefix(origin, before) && strings.HasSuffix(origin, after) && len(origin) > len(before)+len(after) {
				return true
			}
		} else if o == origin {
			return true
		}
	}
	return false
}
