package preview

import (
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/preview/cloudfront"
)

// addresses replaces the product's own addresses in the template by this
// machine's: in the origins that may read answers, in a content security policy,
// in a redirect. So a template that serves site and API on different origins does
// so here, too.
type addresses struct {
	siteDomain string // the site's own domain; empty if the template has none
	apiDomain  string // the API's
	replacer   *strings.Replacer
}

func newAddresses(d *cloudfront.Distribution, site, api string) *addresses {
	a := &addresses{}
	var pairs []string
	if d != nil {
		for _, alias := range d.Aliases {
			if !cfn.IsOpaque(alias) && !strings.Contains(alias, "*") {
				a.siteDomain = alias
				break
			}
		}
		for _, origin := range d.Origins {
			if origin.LoadBalancer != "" && !strings.HasSuffix(origin.Domain, ".elb.amazonaws.com") {
				a.apiDomain = origin.Domain
			}
		}
		pairs = append(pairs, "https://"+cfn.Opaque(d.LogicalID+".DomainName"), site)
	}
	if a.siteDomain != "" {
		pairs = append(pairs, "https://"+a.siteDomain, site)
	}
	if a.apiDomain != "" {
		pairs = append(pairs, "https://"+a.apiDomain, api)
	}
	a.replacer = strings.NewReplacer(pairs...)
	return a
}

// localize puts this machine's addresses into a text.
func (a *addresses) localize(text string) string { return a.replacer.Replace(text) }
