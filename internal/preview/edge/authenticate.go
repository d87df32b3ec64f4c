package edge

import (
	"net/http"

	"github.com/noren-cdk/noren/internal/alb"
)

// authenticate reports whether to continue with the next action. There is no
// identity provider here, and no token can be verified: a request counts as
// authenticated if ALBConfig.Identity is set.
func (x *exchange) authenticate(action alb.Authenticate) bool {
	if x.listener.alb.config.Identity != "" || action.OnUnauthenticated == "allow" {
		return true
	}
	x.cause = action.Method + ": not authenticated"
	if action.Method == "jwt-validation" || action.OnUnauthenticated == "deny" {
		x.answer(http.StatusUnauthorized, "text/html", page(http.StatusUnauthorized))
		return false
	}
	x.answer(http.StatusUnauthorized, "text/html", pageSaying(http.StatusUnauthorized,
		"The load balancer would send the browser to its identity provider now. The preview has none."))
	return false
}
