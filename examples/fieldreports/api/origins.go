package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The origins are those of sites on other origins whose pages may use the API
// from a browser: https://app.example.com, or https://*.example.com for all its
// subdomains.
//
// The session's cookie is SameSite=Strict, so these sites must share the API's
// registrable domain: app.example.com with api.example.com. A site elsewhere
// would be a third party, whose cookies browsers drop.
type origins []string

// originsFrom parses origins separated by commas or spaces.
func originsFrom(list string) (origins, error) {
	all := strings.FieldsFunc(list, func(c rune) bool { return c == ',' || c == ' ' })
	for _, origin := range all {
		u, err := url.Parse(strings.Replace(origin, "://*.", "://", 1))
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Scheme+"://"+u.Host != strings.Replace(origin, "://*.", "://", 1) || strings.Contains(u.Host, "*") {
			return nil, fmt.Errorf("CORS_ORIGINS: %q is not an origin: want one such as https://app.example.com or https://*.example.com", origin)
		}
	}
	return all, nil
}

func (o origins) allow(origin string) bool {
	return origin != "" && slices.ContainsFunc(o, func(allowed string) bool {
		scheme, below, wild := strings.Cut(allowed, "*")
		if !wild {
			return origin == allowed
		}
		return strings.HasPrefix(origin, scheme) && strings.HasSuffix(origin, below) && len(origin) > len(allowed)-1
	})
}

// guard answers preflight requests from other origins, lets scripts of the
// allowed origins read the answers, and refuses what a page of any other origin
// sends with a user's cookie.
func (o origins) guard(next http.Handler) http.Handler {
	forged := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		allowed := o.allow(origin)
		w.Header().Add("Vary", "Origin")
		if allowed {
			w.Header().Set("Access-Control-Allow-Origin", origin)
			w.Header().Set("Access-Control-Allow-Credentials", "true")
			w.Header().Set("Access-Control-Expose-Headers", "Date, Retry-After, X-Maintenance-Mode")
		}
		switch {
		case r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "":
			if allowed {
				w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
				w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, X-Client")
				w.Header().Set("Access-Control-Max-Age", "600")
			}
			w.WriteHeader(http.StatusNoContent)
		case !allowed && forged.Check(r) != nil:
			writeError(w, http.StatusForbidden, "other-origin", fmt.Sprintf("%q is not among the origins that may use this API", origin))
		default:
			next.ServeHTTP(w, r)
		}
	})
}
