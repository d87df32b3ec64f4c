package preflight

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/noren-cdk/noren/internal/live"
)

func (i *inspector) deployedStack() (Finding, error) {
	finding, err := i.stack()
	if err == nil && finding.State == OK && finding.Do != "" {
		return wrong(finding.Do, "%s does not exist", i.Env.StackName)
	}
	return finding, err
}

// Outputs are the outputs that the runbook uses, in every environment.
var Outputs = []string{
	"SiteUrl", "SiteBucketName", "DistributionId", "ClusterName", "ServiceName", "DatabaseEndpoint", "DatabaseSetupCommand", "DatabaseSetupLog",
	"SchemaChangeCommand", "ApiLog", "ResponderLog", "ProbeLog", "EmergencyCloseCommand", "EmergencyOpenCommand", "DashboardUrl",
}

func (i *inspector) outputs() (Finding, error) {
	stack, err := i.deployed()
	if err != nil {
		return Finding{}, err
	}
	if stack == nil {
		return notKnown("", "there is no stack")
	}
	want := Outputs
	if i.Env.API.Domain != "" {
		want = append([]string{"ApiUrl"}, want...)
	}
	var missing []string
	for _, key := range want {
		if outputOf(stack, key) == "" {
			missing = append(missing, key)
		}
	}
	if len(missing) > 0 {
		return wrong(i.deployCommand(false)+" at the commit that this command is from", "no output %s", strings.Join(missing, ", "))
	}
	return ok("all %d are there", len(want))
}

// named returns outputs of the stack, or an error that says which is missing.
func (i *inspector) named(keys ...string) ([]string, error) {
	stack, err := i.deployed()
	if err != nil {
		return nil, err
	}
	var values []string
	for _, key := range keys {
		value := outputOf(stack, key)
		if value == "" {
			return nil, fmt.Errorf("the stack has no output %s", key)
		}
		values = append(values, value)
	}
	return values, nil
}

func (i *inspector) service() (Finding, error) {
	names, err := i.named("ClusterName", "ServiceName")
	if err != nil {
		return Finding{}, err
	}
	out, err := i.aws.ecs.DescribeServices(i.ctx, &ecs.DescribeServicesInput{Cluster: &names[0], Services: names[1:]})
	if err != nil {
		return Finding{}, err
	}
	if len(out.Services) == 0 {
		return wrong(i.deployCommand(false), "ECS has no service %s", names[1])
	}
	s := out.Services[0]
	for _, deployment := range s.Deployments {
		if aws.ToString(deployment.Status) == "PRIMARY" && deployment.RolloutState == ecstypes.DeploymentRolloutStateFailed {
			return wrong("output ApiLog", "the last deployment failed: %s", aws.ToString(deployment.RolloutStateReason))
		}
	}
	if s.RunningCount < s.DesiredCount {
		return wrong("output ApiLog", "%d tasks of %d run", s.RunningCount, s.DesiredCount)
	}
	return ok("%d tasks of %d run", s.RunningCount, s.DesiredCount)
}

func (i *inspector) scalingActivities() (Finding, error) {
	names, err := i.named("ClusterName", "ServiceName")
	if err != nil {
		return Finding{}, err
	}
	resource := "service/" + names[0] + "/" + names[1]
	targets, err := i.aws.scaling.DescribeScalableTargets(i.ctx, &applicationautoscaling.DescribeScalableTargetsInput{
		ServiceNamespace: scalingtypes.ServiceNamespaceEcs, ResourceIds: []string{resource},
	})
	if err != nil {
		return Finding{}, err
	}
	if len(targets.ScalableTargets) == 0 {
		return wrong(i.deployCommand(false), "nothing scales %s", resource)
	}
	out, err := i.aws.scaling.DescribeScalingActivities(i.ctx, &applicationautoscaling.DescribeScalingActivitiesInput{
		ServiceNamespace: scalingtypes.ServiceNamespaceEcs, ResourceId: &resource,
	})
	if err != nil {
		return Finding{}, err
	}
	for _, activity := range out.ScalingActivities {
		if activity.StatusCode == scalingtypes.ScalingActivityStatusCodeFailed {
			return wrong("read why", "scaling failed: %s", cmp.Or(aws.ToString(activity.StatusMessage), aws.ToString(activity.Cause)))
		}
	}
	return ok("%d activities, none failed", len(out.ScalingActivities))
}

// status returns the status of a request from this machine.
func (i *inspector) status(method, url, contentType, body string) (int, error) {
	request, err := http.NewRequestWithContext(i.ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := i.HTTP.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20))
	return response.StatusCode, nil
}

func (i *inspector) site() (Finding, error) {
	urls, err := i.named("SiteUrl")
	if err != nil {
		return Finding{}, err
	}
	status, err := i.status(http.MethodGet, urls[0]+"/", "", "")
	if err != nil {
		return Finding{}, err
	}
	if status != http.StatusOK {
		return wrong("upload the site to the bucket SiteBucketName, and look at the distribution", "%s/ answers %d", urls[0], status)
	}
	return ok("%s/ answers 200", urls[0])
}

// apiURL returns where the mobile app reaches the API: its own domain, or the
// site's.
func (i *inspector) apiURL() (string, error) {
	if i.Env.API.Domain != "" {
		return "https://" + i.Env.API.Domain, nil
	}
	urls, err := i.named("SiteUrl")
	if err != nil {
		return "", err
	}
	return urls[0], nil
}

func (i *inspector) apiHealth() (Finding, error) {
	base, err := i.apiURL()
	if err != nil {
		return Finding{}, err
	}
	url := base + i.Env.API.HealthCheckPath
	status, err := i.status(http.MethodGet, url, "", "")
	switch {
	case err != nil:
		return Finding{}, err
	case status == http.StatusOK:
		return ok("%s answers 200", url)
	case status == http.StatusGatewayTimeout && internal(i):
		return wrong("admit CloudFront: api.ingressPrefixList", "%s answers 504: CloudFront does not reach the load balancer", url)
	}
	return wrong("output ApiLog", "%s answers %d", url, status)
}

// login sends a login that cannot succeed. The example refuses it with 401 after
// querying the database, to which it logs in with an IAM token; if the database
// does not answer, it returns 503.
func (i *inspector) login() (Finding, error) {
	if i.Env.API.Image != "" {
		return notKnown("log in at the site", "the image is your own: which request asks the database only you know")
	}
	base, err := i.apiURL()
	if err != nil {
		return Finding{}, err
	}
	const nobody = `{"name":"noren-preflight","password":"noren-preflight"}`
	status, err := i.status(http.MethodPost, base+"/api/login", "application/json", nobody)
	switch {
	case err != nil:
		return Finding{}, err
	case status == http.StatusUnauthorized:
		return ok("the API has asked the database, as %s/api/login says", base)
	case status == http.StatusServiceUnavailable:
		return wrong("run DatabaseSetupCommand, once, and read DatabaseSetupLog; while closed, look again when it is open", "%s/api/login answers 503: the database does not answer, or the product is closed", base)
	}
	return notKnown("output ApiLog", "%s/api/login answers %d", base, status)
}

// rules compares the live listeners with what was deployed, as noren status does.
func (i *inspector) rules() (Finding, error) {
	cfg := i.Config.Copy()
	cfg.Region = i.Env.Region
	report, err := live.Query{Stack: i.Env.StackName, AWS: cfg, HTTP: i.HTTP, Now: i.Now}.Find(i.ctx)
	if err != nil {
		return Finding{}, err
	}
	return i.judge(report)
}

// judge reports whether the switches are as deployed.
func (i *inspector) judge(report live.Report) (Finding, error) {
	if len(report.Switches) == 0 {
		return wrong(i.deployCommand(false), "the deployed template has no switch")
	}
	for _, s := range report.Switches {
		switch {
		case s.Deployed.Problem != "" || s.Listener.Problem != "":
			return notKnown("noren status -c env="+i.Env.Name, "%s", cmp.Or(s.Listener.Problem, s.Deployed.Problem))
		case s.Listener.Mixed != "" || s.Listener.Mode != s.Deployed.Mode:
			return wrong("noren status -c env="+i.Env.Name, "the listener is %s, the template says %s", cmp.Or(s.Listener.Mixed, string(s.Listener.Mode)), s.Deployed.Mode)
		case len(s.Drift)+len(s.Notes) > 0:
			return wrong("noren status -c env="+i.Env.Name, "%s", strings.Join(slices.Concat(s.Drift, s.Notes), "; "))
		}
	}
	return ok("the listener has the rules of the template, and is %s", report.Mode())
}

// subscription checks whether the recipient of alarms has confirmed.
func (i *inspector) subscription() (Finding, error) {
	var topic string
	pages := cloudformation.NewListStackResourcesPaginator(i.aws.cloudformation, &cloudformation.ListStackResourcesInput{StackName: &i.Env.StackName})
	for pages.HasMorePages() {
		page, err := pages.NextPage(i.ctx)
		if err != nil {
			return Finding{}, err
		}
		for _, r := range page.StackResourceSummaries {
			if aws.ToString(r.ResourceType) == "AWS::SNS::Topic" {
				topic = aws.ToString(r.PhysicalResourceId)
			}
		}
	}
	if topic == "" {
		return wrong(i.deployCommand(false), "the stack has no topic for alarms")
	}
	out, err := i.aws.sns.ListSubscriptionsByTopic(i.ctx, &sns.ListSubscriptionsByTopicInput{TopicArn: &topic})
	if err != nil {
		return Finding{}, err
	}
	for _, s := range out.Subscriptions {
		if aws.ToString(s.Endpoint) != i.Env.AlarmEmail {
			continue
		}
		if slices.Contains([]string{"PendingConfirmation", "Deleted"}, aws.ToString(s.SubscriptionArn)) {
			return wrong("open the link in the mail of AWS Notifications", "%s has not confirmed", i.Env.AlarmEmail)
		}
		return ok("%s has confirmed", i.Env.AlarmEmail)
	}
	return wrong(i.deployCommand(false), "%s is not subscribed", i.Env.AlarmEmail)
}
