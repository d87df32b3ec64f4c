package alb

import (
	"cmp"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

// actions reads a list of actions, in the order in which they run.
func (r *reader) actions(n cfn.Node) []Action {
	type ordered struct {
		order  int
		action Action
	}
	var list []ordered
	for _, item := range n.Items() {
		item.Only("Type", "Order", "TargetGroupArn", "ForwardConfig", "RedirectConfig", "FixedResponseConfig",
			"AuthenticateOidcConfig", "AuthenticateCognitoConfig", "JwtValidationConfig")
		if action := r.action(item); action != nil {
			list = append(list, ordered{item.Field("Order").RequiredInt(), action})
		}
	}
	slices.SortStableFunc(list, func(a, b ordered) int { return cmp.Compare(a.order, b.order) })
	var actions []Action
	for _, o := range list {
		actions = append(actions, o.action)
	}
	return actions
}

func (r *reader) action(n cfn.Node) Action {
	if n.Broken() {
		return nil
	}
	kind := n.Field("Type")
	switch text := kind.Text(); text {
	case "forward":
		return r.forward(n)
	case "redirect":
		return r.redirect(n.Field("RedirectConfig"))
	case "fixed-response":
		config := n.Field("FixedResponseConfig")
		return FixedResponse{
			Status:      config.Field("StatusCode").OptionalInt(),
			ContentType: config.Field("ContentType").Text(),
			Body:        config.Field("MessageBody").Text(),
		}
	case "authenticate-oidc":
		return r.authenticate(n, text, "AuthenticateOidcConfig")
	case "authenticate-cognito":
		return r.authenticate(n, text, "AuthenticateCognitoConfig")
	case "jwt-validation":
		return Authenticate{Method: text}
	case "":
		kind.Fault("is missing")
	default:
		kind.Fault("unknown action %q", cfn.Display(text))
	}
	return nil
}

// forward reads TargetGroupArn or ForwardConfig. If both are given, ForwardConfig
// must hold only that group. Source: BC.
func (r *reader) forward(n cfn.Node) Action {
	arn, config := n.Field("TargetGroupArn"), n.Field("ForwardConfig")
	if !config.Exists() {
		if !arn.Exists() {
			arn.Fault("is missing")
		}
		return Forward{Groups: []WeightedGroup{{r.reference(arn, typeTargetGroup), 1}}}
	}
	config.Only("TargetGroups", "TargetGroupStickinessConfig")
	stickiness := config.Field("TargetGroupStickinessConfig")
	f := Forward{
		Sticky:     stickiness.Field("Enabled").Bool(),
		Stickiness: stickiness.Field("DurationSeconds").Seconds(),
	}
	for _, item := range config.Field("TargetGroups").Items() {
		item.Only("TargetGroupArn", "Weight")
		weight := 1 // of a single group; of several, each needs one: aws-cdk#24805
		if w := item.Field("Weight"); w.Exists() {
			weight = w.RequiredInt()
		} else if config.Field("TargetGroups").Count() > 1 {
			r.problem(item, Error, "target group has no weight, and with several groups each needs one of 0 to %d", MaxWeight)
		}
		f.Groups = append(f.Groups, WeightedGroup{r.reference(item.Field("TargetGroupArn"), typeTargetGroup), weight})
	}
	if arn.Exists() && (len(f.Groups) != 1 || f.Groups[0].Group != r.reference(arn, typeTargetGroup)) {
		r.problem(n, Error, "action has a TargetGroupArn beside a ForwardConfig with other target groups")
	}
	return f
}

func (r *reader) redirect(n cfn.Node) Action {
	n.Only("Host", "Path", "Port", "Protocol", "Query", "StatusCode")
	status := n.Field("StatusCode")
	code := 0
	switch text := status.Text(); {
	case text == "HTTP_301":
		code = 301
	case text == "HTTP_302":
		code = 302
	case !cfn.IsOpaque(text):
		r.problem(n, Error, "redirect has status %q, ALB allows HTTP_301 and HTTP_302", strings.TrimSpace(text))
	}
	return Redirect{
		Status:   code,
		Protocol: n.Field("Protocol").Text(),
		Host:     n.Field("Host").Text(),
		Port:     n.Field("Port").Text(),
		Path:     n.Field("Path").Text(),
		Query:    n.Field("Query").Text(),
	}
}

func (r *reader) authenticate(n cfn.Node, method, config string) Action {
	a := Authenticate{Method: method, OnUnauthenticated: n.Field(config).Field("OnUnauthenticatedRequest").Text()}
	if a.OnUnauthenticated == "" {
		a.OnUnauthenticated = "authenticate"
	}
	return a
}
