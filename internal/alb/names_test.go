package alb

import (
	"testing"

	"github.com/noren-cdk/noren/internal/cfn"
)

// TestNames checks resources and actions as tables show them.
func TestNames(t *testing.T) {
	group := func(path, id string) *TargetGroup { return &TargetGroup{Path: path, LogicalID: id} }
	template := &Template{TargetGroups: []*TargetGroup{
		group("shop/App/Resource", "App1"),
		group("shop/Maintenance/TargetGroup/Resource", "Maintenance1"),
		group("shop/Maintenance/UnlockTargetGroup/Resource", "Unlock1"),
		group("shop/Blue/Api/Resource", "Blue1"),
		group("shop/Green/Api/Resource", "Green1"),
		group("", "HandwrittenTargetGroup"),
	}}
	forward := func(id string) string {
		return template.ActionName(&Rule{Actions: forwardTo(id)})
	}
	act := func(a ...Action) string { return template.ActionName(&Rule{Actions: a}) }
	for _, test := range []struct{ got, want string }{
		{forward("App1"), "App"},
		{forward("Maintenance1"), "Maintenance"},
		{forward("Unlock1"), "Unlock"},
		{forward("Blue1"), "Blue/Api"},
		{forward("HandwrittenTargetGroup"), "HandwrittenTargetGroup"},
		{forward("Elsewhere"), "Elsewhere"},
		{act(), "not known"},
		{act(Authenticate{Method: "authenticate-oidc"}, FixedResponse{Status: 404}), "authenticate-oidc, fixed response 404"},
		{act(Redirect{Status: 301, Protocol: "HTTPS", Port: "443", Host: "#{host}", Path: "/#{path}", Query: "#{query}"}), "redirect 301 to https"},
		{act(Redirect{Status: 302, Host: "new.example.com"}), "redirect 302 to new.example.com"},
		{act(Redirect{Status: 302, Protocol: "HTTPS", Host: "a.example.com", Port: "8443", Path: "/x", Query: "y=1"}), "redirect 302 to https://a.example.com:8443/x?y=1"},
		{act(Redirect{Status: 302, Protocol: "#{protocol}", Path: "/sorry"}), "redirect 302 to /sorry"},
		{ShortName("shop/Alb/Listener/Resource", "Id"), "Alb/Listener"},
		{ShortName("", "Id"), "Id"},
		{(&Rule{Priority: 7, Path: "shop/Maintenance/Allow0", LogicalID: "Id"}).ShortName(), "Allow0"},
		{(&Rule{}).ShortName(), "default"},
		{(&Listener{Ref: Ref{LogicalID: "Id"}, Path: "shop/Alb/Https/Resource", Port: 443, Protocol: "HTTPS"}).Name(), "Alb/Https HTTPS 443"},
		{(&Listener{Ref: Ref{External: cfn.Opaque("import L")}}).Name(), "${import L}"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}
