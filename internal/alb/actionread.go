package alb

import (
	"cmp"
	"slices"
	"strings"
)

// actions reads a list of actions in the order in which they are done.
func (n node) actions() []Action {
	type ordered struct {
		order  int
		action Action
	}
	var list []ordered
	for _, item := range n.items() {
		item.only("Type", "Order", "TargetGroupArn", "ForwardConfig", "RedirectConfig", "FixedResponseConfig",
			"AuthenticateOidcConfig", "AuthenticateCognitoConfig", "JwtValidationConfig")
		if action := item.action(); action != nil {
			list = append(list, ordered{item.field("Order").known(), action})
		}
	}
	slices.SortStableFunc(list, func(a, b ordered) int { return cmp.Compare(a.order, b.order) })
	var actions []Action
	for _, o := range list {
		actions = append(actions, o.action)
	}
	return actions
}

func (n node) action() Action {
	kind := n.field("Type")
	switch text := kind.text(); text {
	case "forward":
		return n.forward()
	case "redirect":
		return n.field("RedirectConfig").redirect()
	case "fixed-response":
		config := n.field("FixedResponseConfig")
		return FixedResponse{
			Status:      config.field("StatusCode").perhaps(),
			ContentType: config.field("ContentType").text(),
			Body:        config.field("MessageBody").text(),
		}
	case "authenticate-oidc":
		return n.authenticate(text, "AuthenticateOidcConfig")
	case "authenticate-cognito":
		return n.authenticate(text, "AuthenticateCognitoConfig")
	case "jwt-validation":
		return Authenticate{Method: text}
	case "":
		kind.fault("is missing")
	default:
		kind.fault("unknown action %q", Display(text))
	}
	return nil
}

// forward reads TargetGroupArn, or ForwardConfig. With both, ForwardConfig
// has to hold that one group only. Source: BC.
func (n node) forward() Action {
	arn, config := n.field("TargetGroupArn"), n.field("ForwardConfig")
	if !config.exists() {
		if !arn.exists() {
			arn.fault("is missing")
		}
		return Forward{Groups: []WeightedGroup{{arn.reference(typeTargetGroup), 1}}}
	}
	config.only("TargetGroups", "TargetGroupStickinessConfig")
	stickiness := config.field("TargetGroupStickinessConfig")
	f := Forward{
		Sticky:     stickiness.field("Enabled").boolean(),
		Stickiness: stickiness.field("DurationSeconds").seconds(),
	}
	for _, item := range config.field("TargetGroups").items() {
		item.only("TargetGroupArn", "Weight")
		weight := 1 // the default that CDK documents
		if w := item.field("Weight"); w.exists() {
			weight = w.known()
		}
		f.Groups = append(f.Groups, WeightedGroup{item.field("TargetGroupArn").reference(typeTargetGroup), weight})
	}
	if arn.exists() && (len(f.Groups) != 1 || f.Groups[0].Group != arn.reference(typeTargetGroup)) {
		n.problem(Error, "action has a TargetGroupArn beside a ForwardConfig with other target groups")
	}
	return f
}

func (n node) redirect() Action {
	n.only("Host", "Path", "Port", "Protocol", "Query", "StatusCode")
	status := n.field("StatusCode")
	code := 0
	switch text := status.text(); {
	case text == "HTTP_301":
		code = 301
	case text == "HTTP_302":
		code = 302
	case !IsOpaque(text):
		n.problem(Error, "redirect has status %q, ALB allows HTTP_301 and HTTP_302", strings.TrimSpace(text))
	}
	return Redirect{
		Status:   code,
		Protocol: n.field("Protocol").text(),
		Host:     n.field("Host").text(),
		Port:     n.field("Port").text(),
		Path:     n.field("Path").text(),
		Query:    n.field("Query").text(),
	}
}

func (n node) authenticate(method, config string) Action {
	a := Authenticate{Method: method, OnUnauthenticated: n.field(config).field("OnUnauthenticatedRequest").text()}
	if a.OnUnauthenticated == "" {
		a.OnUnauthenticated = "authenticate"
	}
	return a
}
