package maintenancemode

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/gofunction"
	"github.com/noren-cdk/noren/internal/function/announcement"
	"github.com/noren-cdk/noren/internal/function/responder"
	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/maintenance"
)

const announcementProgram = "github.com/noren-cdk/noren/lambda/announcement"

// Status configures /maintenance.json, the document that tells clients of a
// maintenance before it begins and when it is over. The answer to refused requests
// names the document in a Link header.
type Status struct {
	// URL is where the document is, such as
	// "https://app.example.com/maintenance.json", on a host other than the
	// listener's. For clients that know only the API, one rule of the listener
	// redirects /maintenance.json there in every mode. Default: no redirect.
	URL string

	// Bucket is the bucket in which the construct keeps the document, as
	// maintenance.json. A function writes it when a deploy changes the
	// announcement and when the mode changes. Nothing else may write or delete it
	// there; that includes a deployment that prunes the bucket. Default: the
	// construct does not keep the document.
	Bucket awss3.IBucket

	// Announce is the announcement. It changes no mode, and depends on neither the
	// mode nor the clock. Default: nothing is announced.
	Announce maintenance.Announcement
}

// IsZero reports whether s is empty, so that clients are told nothing.
func (s Status) IsZero() bool { return s.URL == "" && s.Bucket == nil && s.Announce.IsZero() }

func (s Status) validate() error {
	var errs []error
	if err := s.Announce.CheckTimes(); err != nil {
		errs = append(errs, fmt.Errorf("Status.Announce: %w", err))
	}
	if err := (responder.Config{Message: s.Announce.Message}).Validate(); err != nil {
		errs = append(errs, fmt.Errorf("Status.Announce: %w", err))
	}
	if !s.Announce.IsZero() && s.Bucket == nil {
		errs = append(errs, errors.New("Status.Announce needs Status.Bucket, where the document is kept"))
	}
	if _, _, _, err := s.address(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// address returns the parts of the URL. The host may be a reference.
func (s Status) address() (host, port, path string, err error) {
	if s.URL == "" {
		return "", "", "", nil
	}
	rest, https := strings.CutPrefix(s.URL, "https://")
	host, path, found := strings.Cut(rest, "/")
	bad := fmt.Errorf("Status.URL: want an address such as https://app.example.com%s, got %q", maintenance.StatusPath, s.URL)
	if !https || !found || host == "" || path == "" || strings.ContainsAny(path, "?#") {
		return "", "", "", bad
	}
	port = "443"
	if !*awscdk.Token_IsUnresolved(host) {
		u, err := url.Parse(s.URL)
		if err != nil || u.User != nil || strings.ContainsAny(u.Host, "*#{}") {
			return "", "", "", bad
		}
		if host = u.Hostname(); u.Port() != "" {
			port = u.Port()
		}
	}
	return host, port, "/" + path, nil
}

// redirect returns the action of the rule that redirects to the document.
func (s Status) redirect() []any {
	host, port, path, err := s.address()
	if err != nil {
		panic(err) // the props were validated
	}
	return []any{map[string]any{"type": "redirect", "redirectConfig": map[string]any{
		"protocol": "HTTPS", "host": host, "port": port, "path": path, "query": "", "statusCode": "HTTP_302",
	}}}
}

// addAnnouncement defines the function that keeps the document, the rule that
// tells it of every mode change, and the resource that tells it what a deploy
// announces. None of these depends on the mode.
func (m *MaintenanceMode) addAnnouncement(this constructs.Construct, props Props) {
	bucket := props.Status.Bucket
	key := strings.TrimPrefix(maintenance.StatusPath, "/")
	function := gofunction.New(this, maintenance.AnnouncementID, gofunction.Props{
		Program:       announcementProgram,
		Package:       props.functionPackage(),
		Repository:    props.FunctionRepository,
		Description:   "Keeps " + maintenance.StatusPath + ", which announces maintenance",
		Environment:   announcement.Settings{Bucket: *bucket.BucketName(), Key: key}.Environment(),
		Timeout:       30 * time.Second,
		LogRetention:  props.LogRetention,
		LogGroup:      props.FunctionLogs,
		EncryptionKey: props.EncryptionKey,
	})
	m.Announcement = function.Function
	allow := func(resource *string, conditions *map[string]any, actions ...string) {
		m.Announcement.AddToRolePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Actions: jsii.Strings(actions...), Resources: &[]*string{resource}, Conditions: conditions,
		}))
	}
	allow(bucket.ArnForObjects(&key), nil, "s3:GetObject", "s3:PutObject")
	// Without the right to list, S3 answers 403 for a missing object, not 404.
	allow(bucket.BucketArn(), &map[string]any{"StringEquals": map[string]any{"s3:prefix": key}}, "s3:ListBucket")
	if encrypted := bucket.EncryptionKey(); encrypted != nil {
		encrypted.GrantEncryptDecrypt(m.Announcement)
	}
	awsevents.NewRule(this, jsii.String("ModeEvents"), &awsevents.RuleProps{
		Description: jsii.String("Tells " + maintenance.StatusPath + " of every change of the mode"),
		EventPattern: &awsevents.EventPattern{
			Source:     jsii.Strings(live.EventSource),
			DetailType: jsii.Strings(live.EventDetailType),
			Account:    &[]*string{awscdk.Aws_ACCOUNT_ID()},
			Detail: &map[string]any{
				"stack": []*string{awscdk.Stack_Of(this).StackName()}, "switch": []string{pathInStack(this)},
			},
		},
		Targets: &[]awsevents.IRuleTarget{awseventstargets.NewLambdaFunction(m.Announcement, nil)},
	})
	properties := announcement.Properties(props.Status.Announce)
	awscdk.NewCustomResource(this, jsii.String("Announced"), &awscdk.CustomResourceProps{
		ResourceType:   jsii.String(announcement.ResourceType),
		ServiceToken:   m.Announcement.FunctionArn(),
		ServiceTimeout: awscdk.Duration_Seconds(jsii.Number(120)),
		Properties:     &properties,
	})
}
