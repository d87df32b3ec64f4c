package maintenancemode_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/maintenance"
)

// defaultsTo sets the default action of the product's listener, in
// CloudFormation's form.
func (p product) defaultsTo(actions ...any) {
	p.listener.Node().DefaultChild().(elbv2.CfnListener).SetDefaultActions(awscdk.Token_AsAny(actions))
}

func login() map[string]any {
	return map[string]any{"type": "authenticate-cognito", "order": 1, "authenticateCognitoConfig": map[string]any{
		"userPoolArn": "arn:pool", "userPoolClientId": "client", "userPoolDomain": "domain",
	}}
}

func weighted(groups ...any) map[string]any {
	return map[string]any{"type": "forward", "forwardConfig": map[string]any{"targetGroups": groups}}
}

func share(group elbv2.ApplicationTargetGroup, weight int) map[string]any {
	return map[string]any{"targetGroupArn": *group.TargetGroupArn(), "weight": weight}
}

// further adds a listener on another port.
func (p product) further(port float64, action elbv2.ListenerAction) elbv2.ApplicationListener {
	return p.alb.AddListener(jsii.String("Further"), &elbv2.BaseApplicationListenerProps{
		Port: &port, Protocol: elbv2.ApplicationProtocol_HTTP, DefaultAction: action,
	})
}

// elsewhere adds a Network Load Balancer that also sends to the application's ECS
// service.
func (p product) elsewhere() (group elbv2.CfnTargetGroup, listener elbv2.CfnListener) {
	group = elbv2.NewCfnTargetGroup(p.stack, jsii.String("TcpGroup"), &elbv2.CfnTargetGroupProps{Port: jsii.Number(80), Protocol: jsii.String("TCP"), TargetType: jsii.String("ip"), VpcId: p.vpc.VpcId()})
	balancer := elbv2.NewCfnLoadBalancer(p.stack, jsii.String("Nlb"), &elbv2.CfnLoadBalancerProps{Type: jsii.String("network")})
	listener = elbv2.NewCfnListener(p.stack, jsii.String("Tcp"), &elbv2.CfnListenerProps{
		LoadBalancerArn: balancer.Ref(), Port: jsii.Number(443), Protocol: jsii.String("TCP"),
		DefaultActions: []any{&elbv2.CfnListener_ActionProperty{Type: jsii.String("forward"), TargetGroupArn: group.Ref()}},
	})
	awsecs.NewCfnService(p.stack, jsii.String("Service"), &awsecs.CfnServiceProps{LoadBalancers: []any{
		&awsecs.CfnService_LoadBalancerProperty{TargetGroupArn: p.app.TargetGroupArn()}, &awsecs.CfnService_LoadBalancerProperty{TargetGroupArn: group.Ref()},
	}})
	return group, listener
}

func forward(group elbv2.IApplicationTargetGroup) elbv2.ListenerAction {
	return elbv2.ListenerAction_Forward(&[]elbv2.IApplicationTargetGroup{group}, nil)
}

// decided returns where a request goes, and what comes before that.
func decided(l *alb.Listener, text string) string { return decidedOf(l, request(text)) }

func decidedOf(l *alb.Listener, r alb.Request) string {
	d := l.Route(&r)
	if d.Rule == nil {
		return "nowhere"
	}
	var said []string
	for _, a := range d.Rule.Actions[:len(d.Rule.Actions)-1] {
		if _, ok := a.(alb.Authenticate); ok {
			said = append(said, "login")
		}
	}
	for _, t := range d.Targets() {
		name, _, _ := strings.Cut(strings.TrimPrefix(t.Group.LogicalID, "Maintenance"), "Group")
		said = append(said, strings.TrimRight(name, "0123456789ABCDEF"))
	}
	return strings.Join(said, " ")
}

// TestNew_Listeners tries many kinds of listeners in every mode. An allowed
// request goes where, and how, it went without the switch.
func TestNew_Listeners(t *testing.T) {
	for _, test := range []struct {
		name    string
		define  func(p product, props maintenancemode.Props)
		allowed string // where POST /api/login goes
		refused string // where POST / goes while it is closed
	}{
		{"a login", func(p product, props maintenancemode.Props) {
			p.defaultsTo(login(), map[string]any{"type": "forward", "order": 2, "targetGroupArn": *p.app.TargetGroupArn()})
			p.new(props)
		}, "login App", "login Target"},
		{"weights", func(p product, props maintenancemode.Props) {
			p.defaultsTo(weighted(share(p.app, 90), share(p.targetGroup("Canary"), 10)))
			p.new(props)
		}, "App Canary", "Target"},
		{"one group in the other form", func(p product, props maintenancemode.Props) {
			one := weighted(map[string]any{"targetGroupArn": *p.app.TargetGroupArn()})
			one["forwardConfig"].(map[string]any)["targetGroupStickinessConfig"] = map[string]any{"enabled": true, "durationSeconds": 60}
			p.defaultsTo(one)
			p.new(props)
		}, "App", "Target"},
		{"another load balancer that stays open", func(p product, props maintenancemode.Props) {
			_, listener := p.elsewhere()
			props.KeepOpen = []constructs.IConstruct{listener}
			p.new(props)
		}, "App", "Target"},
		{"another load balancer whose target group stays open", func(p product, props maintenancemode.Props) {
			group, _ := p.elsewhere()
			props.KeepOpen = []constructs.IConstruct{group}
			p.new(props)
		}, "App", "Target"},
		{"two ports", func(p product, props maintenancemode.Props) {
			props.Listeners = []elbv2.IApplicationListener{p.further(81, forward(p.app))}
			p.new(props)
		}, "App", "Target"},
		{"a default that is a 404", func(p product, props maintenancemode.Props) {
			p.listener = p.further(81, elbv2.ListenerAction_FixedResponse(jsii.Number(404), nil))
			p.defaultsTo(map[string]any{"type": "forward", "targetGroupArn": *p.targetGroup("Other").TargetGroupArn()})
			r := p.ruleTo(p.app, "Api", 1000)
			r.SetConditions(awscdk.Token_AsAny([]any{map[string]any{"field": "path-pattern", "pathPatternConfig": map[string]any{"values": []string{"/*"}}}}))
			props.KeepOpen = []constructs.IConstruct{p.alb.Node().FindChild(jsii.String("Listener"))}
			p.new(props)
		}, "App", "Target"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, mode := range maintenance.Modes() {
				template := mustSynth(t, func(p product) {
					test.define(p, maintenancemode.Props{Mode: mode, ReadOnly: true, Allow: []string{"POST /api/login"}})
				})
				found := 0
				for _, l := range template.listeners(t) {
					if len(l.Rules) == 0 {
						continue // named as staying open
					}
					found++
					if got := decided(l, "POST /api/login"); got != test.allowed {
						t.Errorf("%s: an allowed request goes to %q, want %q", mode, got, test.allowed)
					}
					got := decided(l, "POST /")
					switch {
					case mode == maintenance.Open:
						if got != test.allowed {
							t.Errorf("open: POST / goes to %q, want %q", got, test.allowed)
						}
					case got != test.refused:
						t.Errorf("%s: POST / goes to %q, want %q", mode, got, test.refused)
					}
					want := test.refused
					if mode != maintenance.Closed {
						want = test.allowed
					}
					if got := decided(l, "GET /"); got != want {
						t.Errorf("%s: GET / goes to %q, want %q", mode, got, want)
					}
				}
				if found == 0 {
					t.Errorf("%s: no listener", mode)
				}
			}
		})
	}
}

// TestNew_Refuses checks that, in every mode, synthesis fails for what would stay
// open without being named, go elsewhere, or fail on the night.
func TestNew_Refuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		define func(p product, props maintenancemode.Props)
		want   string
	}{
		{"the same application on another port", func(p product, props maintenancemode.Props) {
			p.further(81, forward(p.app))
			p.new(props)
		}, "the default action of Product/Alb/Further, another listener of the load balancer, stays open when the switch is closed: give the listener in Listeners, or name it in KeepOpen"},
		{"another service by its path", func(p product, props maintenancemode.Props) {
			p.rule("Orders", 1000)
			p.new(props)
		}, "Product/Orders (priority 1000) stays open when the switch is closed: list its target group in Services, or name it in KeepOpen"},
		{"a rule of another stack", func(p product, props maintenancemode.Props) {
			p.new(props)
			other := awscdk.NewStack(p.stack.Node().Root().(constructs.Construct), jsii.String("Neighbour"), nil)
			p.stack = other
			p.rule("Orders", 1000)
		}, "Neighbour/Orders (priority 1000) stays open"},
		{"a listener of another stack", func(p product, props maintenancemode.Props) {
			p.stack = awscdk.NewStack(p.stack.Node().Root().(constructs.Construct), jsii.String("Neighbour"), nil)
			p.new(props)
		}, "the listener Product/Alb/Listener is in the stack Product, MaintenanceMode is in Neighbour: each would wait for the other; make MaintenanceMode in the listener's stack, import the listener by its ARN, or set Hosts"},
		{"no default action yet", func(p product, props maintenancemode.Props) {
			p.listener.Node().DefaultChild().(elbv2.CfnListener).SetDefaultActions([]any{})
			p.new(props)
		}, "Product/Alb/Listener has no default action yet: add its targets before MaintenanceMode"},
		{"the same band", func(p product, props maintenancemode.Props) {
			for _, host := range []string{"a.example.com", "b.example.com"} {
				props.Listener, props.AppTargetGroup, props.Hosts = p.listener, p.app, []string{host}
				maintenancemode.New(p.stack, host, props)
			}
		}, "Product/a.example.com has rules in the same band, 100 to 199: set Priority of one of them, such as 200"},
		{"another load balancer before the same service", func(p product, props maintenancemode.Props) {
			p.elsewhere()
			p.new(props)
		}, "Product/Tcp, of another load balancer, sends to Product/Service as well, and stays open when the switch is closed: give it a MaintenanceMode of its own, or name it in KeepOpen if it is meant to"},
		{"blue and green", func(p product, props maintenancemode.Props) {
			awsecs.NewCfnService(p.stack, jsii.String("Service"), &awsecs.CfnServiceProps{
				LoadBalancers:           []any{&awsecs.CfnService_LoadBalancerProperty{TargetGroupArn: p.app.TargetGroupArn()}},
				DeploymentConfiguration: &awsecs.CfnService_DeploymentConfigurationProperty{Strategy: jsii.String("BLUE_GREEN")},
			})
			p.new(props)
		}, "deployments of Product/Service with the strategy BLUE_GREEN move it to another target group than AppTargetGroup"},
		{"CodeDeploy", func(p product, props maintenancemode.Props) {
			awsecs.NewCfnService(p.stack, jsii.String("Service"), &awsecs.CfnServiceProps{
				LoadBalancers:        []any{&awsecs.CfnService_LoadBalancerProperty{TargetGroupArn: p.app.TargetGroupArn()}},
				DeploymentController: &awsecs.CfnService_DeploymentControllerProperty{Type: jsii.String("CODE_DEPLOY")},
			})
			p.new(props)
		}, "deployments of Product/Service by CODE_DEPLOY move it"},
		{"the quota of the load balancer", func(p product, props maintenancemode.Props) {
			props.Listeners = []elbv2.IApplicationListener{p.further(81, forward(p.app))}
			props.RuleQuota = 5
			p.new(props)
		}, "the load balancer has 6 rules, its quota is 5"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, mode := range maintenance.Modes() {
				_, err := synth(func(p product) {
					test.define(p, maintenancemode.Props{Mode: mode, ReadOnly: true, Allow: []string{"POST /api/login"}})
				})
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("%s: got %v\nwant %s", mode, err, test.want)
				}
			}
		})
	}
}

// TestNew_TwoStacksOfTheSameShape checks that each stack is counted on its own.
func TestNew_TwoStacksOfTheSameShape(t *testing.T) {
	if _, err := synth(func(p product) {
		p.new(maintenancemode.Props{})
		other := product{stack: awscdk.NewStack(p.stack.Node().Root().(constructs.Construct), jsii.String("Other"), nil), vpc: p.vpc}
		other.alb = elbv2.NewApplicationLoadBalancer(other.stack, jsii.String("Alb"), &elbv2.ApplicationLoadBalancerProps{Vpc: p.vpc})
		other.app = other.targetGroup("App")
		other.listener = other.alb.AddListener(jsii.String("Listener"), &elbv2.BaseApplicationListenerProps{Port: jsii.Number(80), DefaultAction: forward(other.app)})
		other.new(maintenancemode.Props{RuleQuota: 1})
	}); err != nil {
		t.Error(err)
	}
}
