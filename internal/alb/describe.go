package alb

import (
	"fmt"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

// String describes the action, such as "forward to App 90 %, Canary 10 %".
func (f Forward) String() string {
	texts := make([]string, len(f.Groups))
	for i, g := range f.Groups {
		texts[i] = g.Group.String()
		if len(f.Groups) > 1 {
			texts[i] += fmt.Sprintf(" %.3g %%", 100*f.Share(i))
		}
	}
	return "forward to " + strings.Join(texts, ", ")
}

// String describes the action, such as "redirect 301 to
// https://#{host}:443/#{path}?#{query}".
func (r Redirect) String() string {
	return fmt.Sprintf("redirect %d to %s", r.Status, cfn.Display(r.location(func(part string) string { return "#{" + part + "}" })))
}

// String describes the action, such as "fixed response 503 text/plain".
func (f FixedResponse) String() string {
	return strings.TrimSpace(fmt.Sprintf("fixed response %d %s", f.Status, cfn.Display(f.ContentType)))
}

// String returns the action's type.
func (a Authenticate) String() string { return a.Method }
