// Package environment reads the files that describe where the product is deployed.
// It is strict, and reports all errors of a file at once, each with its line and
// column.
package environment

import (
	"net/netip"
	"time"

	"github.com/noren-cdk/noren/internal/window"
	"github.com/noren-cdk/noren/maintenance"
)

// An Environment is one deployment of the product, as written in one file of the
// environments folder. Load reads and checks it and fills in the defaults.
//
// The tags are the file's grammar: yaml is a field's key, "required" if it has no
// default, "scalar" if a number or a boolean is read as its text; default is the
// value of a missing key, as written in a file; range and oneof bound its value;
// want says in an error what the key accepts.
type Environment struct {
	// Name is the environment's name: the name of its file without .yaml.
	Name string `yaml:"-"`

	// StackName is the name of the CloudFormation stack: letters, digits and
	// hyphens, a letter first, at most 128. Required. Changing it later creates a
	// second stack; it does not rename the first.
	StackName string `yaml:"stackName,required" want:"the name of the CloudFormation stack: letters, digits and hyphens, a letter first, at most 128"`

	// Account is the AWS account deployed to, 12 digits.
	// Default: the account of the CLI's credentials.
	Account string `yaml:"account,scalar" want:"the 12 digits of an AWS account"`

	// Region is the AWS region deployed to, such as us-east-1. Required, even
	// without an account: access logs need it at synthesis.
	Region string `yaml:"region,required" want:"an AWS region such as us-east-1"`

	// DeletionProtection protects the stack against termination, and the database
	// and the load balancer against deletion, and keeps buckets, logs and the
	// database when they are removed from the stack. Default: false, everything
	// is deleted with the stack.
	DeletionProtection bool `yaml:"deletionProtection"`

	// AlarmEmail is notified of alarms; AWS asks it to confirm the subscription.
	// Default: no one is notified.
	AlarmEmail string `yaml:"alarmEmail"`

	// AlarmTopics are the ARNs of your own SNS topics, at most 2, that are also
	// notified of alarms. Their policies must let CloudWatch and EventBridge
	// publish. Default: none.
	AlarmTopics []string `yaml:"alarmTopics"`

	// ChatTopics are the ARNs of SNS topics, at most 2, to which a channel of
	// Amazon Q Developer in chat applications (AWS Chatbot) is subscribed. They
	// are notified like AlarmTopics, in the format that the channel shows.
	// Default: none.
	ChatTopics []string `yaml:"chatTopics"`

	// LogDays is how long logs are kept, in days: 1, 3, 5, 7, 14, 30, 60, 90,
	// 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or
	// 3653, the values that CloudWatch Logs accepts. Default: 30.
	LogDays int `yaml:"logDays" default:"30" oneof:"1,3,5,7,14,30,60,90,120,150,180,365,400,545,731,1096,1827,2192,2557,2922,3288,3653"`

	// EncryptionKey is the ARN of a KMS key, in the environment's region and
	// account, that encrypts the log groups and secrets of the stack. Its policy
	// must let CloudWatch Logs use it: docs/environments.md. Default: keys of
	// AWS.
	EncryptionKey string `yaml:"encryptionKey"`

	Network     Network     `yaml:"network"`
	Database    Database    `yaml:"database"`
	API         API         `yaml:"api"`
	Sessions    Sessions    `yaml:"sessions"`
	Site        Site        `yaml:"site"`
	HostedZone  HostedZone  `yaml:"hostedZone"`
	WebACL      WebACL      `yaml:"webAcl"`
	Maintenance Maintenance `yaml:"maintenance"`

	SchemaChange SchemaChange `yaml:"schemaChange"`

	// Night is the maintenance that Maintenance.Window plans, with its times as
	// instants and the durations of its changes' rehearsals. Nil if none is
	// planned.
	Night *window.Window `yaml:"-"`
}

// Network is the VPC: a public, a private and an isolated subnet in each zone.
type Network struct {
	// CIDR is the private IPv4 range of the VPC, which is divided evenly among
	// the subnets: /16 to /24 with two zones, to /23 with three or four.
	// Required. It cannot be changed without a new VPC.
	CIDR netip.Prefix `yaml:"cidr,required" want:"a private IPv4 range such as 10.0.0.0/16"`

	// AvailabilityZones are the zones to use, at least two, such as us-east-1a.
	// Default: the first two of the account in the region.
	AvailabilityZones []string `yaml:"availabilityZones"`

	// NATGateways is how many NAT gateways the private subnets share: 1 to the
	// number of zones. If there are fewer than zones, the loss of one zone can
	// cut others off from the internet. Default: 1.
	NATGateways int `yaml:"natGateways" default:"1" range:"1,26"`
}

// Database is the Aurora MySQL cluster, Serverless v2.
type Database struct {
	// EngineVersion is a full Aurora MySQL version: of version 3, 3.04.2 or
	// later, such as 8.0.mysql_aurora.3.10.0; or of 8.4, such as
	// 8.4.mysql_aurora.8.4.7. Versions before 3.04.2 hide a table from readers
	// during every in-place ALTER, later ones only in some cases. Required.
	EngineVersion string `yaml:"engineVersion,required" want:"an Aurora MySQL version such as 8.0.mysql_aurora.3.10.0"`

	// MajorUpgrade names the major version, such as "8.4", to which a deploy may
	// upgrade the database. The database is offline meanwhile and cannot be
	// downgraded. The key allows no other version and may stay in the file.
	// Default: make plan and make deploy refuse a major version other than the
	// deployed one.
	MajorUpgrade string `yaml:"majorUpgrade" want:"a major version in quotes, such as \"8.4\""`

	// Name is the name of the database (schema) that is created: letters, digits
	// and underscores, a letter first, at most 64. Required. Changing it replaces
	// the cluster.
	Name string `yaml:"name,required" want:"a database name: letters, digits and underscores, a letter first, at most 64"`

	// MinCapacity is the minimum capacity of an instance, in Aurora capacity
	// units (ACU, about 2 GiB of memory each): 0 to 256 in steps of 0.5. 0 needs
	// 3.08 or later, and saves little: Aurora does not pause an instance that has
	// connections, or a writer with a binary log, as this one is. Required.
	MinCapacity float64 `yaml:"minCapacity,required" range:"0,256"`

	// MaxCapacity is the maximum capacity of an instance, in ACU: 1 to 256 in
	// steps of 0.5, up to 128 before 3.06. Required.
	MaxCapacity float64 `yaml:"maxCapacity,required" range:"1,256"`

	// Readers is how many readers run beside the writer, 0 to 15. Without a
	// reader, losing the writer means minutes without a database. Default: 0.
	Readers int `yaml:"readers" range:"0,15"`

	// BackupDays is how long automatic backups are kept, 1 to 35 days.
	// Default: 7.
	BackupDays int `yaml:"backupDays" default:"7" range:"1,35"`

	// OnlineAlterLogMaxSize is how many bytes of concurrent writes an online
	// schema change may buffer: innodb_online_alter_log_max_size, 65536 to
	// 2^63-1. A change that overflows the buffer fails. Default: 1 GiB.
	OnlineAlterLogMaxSize int64 `yaml:"onlineAlterLogMaxSize" default:"1073741824" range:"65536,9223372036854775807"`
}

// API is the service behind the load balancer.
type API struct {
	// Image is the container image of the service, for ARM64, such as
	// 111111111111.dkr.ecr.us-east-1.amazonaws.com/api:1.4.
	// Default: the example is built and used.
	Image string `yaml:"image"`

	// Port is the TCP port that the container listens on, 1 to 65535. Default:
	// 8080.
	Port int `yaml:"port" default:"8080" range:"1,65535"`

	// HealthCheckPath is the path that answers 200 when a task can serve. It is
	// open to everyone, even during maintenance. Default: /api/health.
	HealthCheckPath string `yaml:"healthCheckPath" default:"/api/health"`

	// CPU is the CPU of a task in units of 1/1024 vCPU: 256, 512, 1024, 2048,
	// 4096, 8192 or 16384. Default: 256.
	CPU int `yaml:"cpu" default:"256" oneof:"256,512,1024,2048,4096,8192,16384"`

	// Memory is the memory of a task in MiB. Fargate accepts 512 to 122880, and
	// not every value with every CPU. Default: the least that goes with CPU.
	Memory int `yaml:"memory" range:"512,122880"`

	// MinTasks is the minimum number of tasks, 1 to 1000. It must carry the first
	// minutes after maintenance, when queued uploads arrive at once. Default: 1.
	MinTasks int `yaml:"minTasks" default:"1" range:"1,1000"`

	// MaxTasks is the maximum number of tasks, 1 to 1000. Default: twice
	// MinTasks.
	MaxTasks int `yaml:"maxTasks" range:"1,1000"`

	// Domain is the host name of the API, such as api.example.com. It makes the
	// load balancer internet-facing, over HTTPS, and needs CertificateARN.
	// Default: an internal load balancer, reached only through the site.
	Domain string `yaml:"domain"`

	// CertificateARN is the ACM certificate of Domain, in the environment's
	// region. Default: none.
	CertificateARN string `yaml:"certificateArn"`

	// SetupCommand is the command of the one-off task that creates the schema and
	// the database users. Running it again changes nothing. Default: migrate.
	SetupCommand []string `yaml:"setupCommand"`

	// IngressPrefixList is the prefix list, pl-..., that may reach an internal
	// load balancer: CloudFront's in the region, or another one with CloudFront's
	// addresses. Required without Domain, and refused with it.
	IngressPrefixList string `yaml:"ingressPrefixList"`
}

// Sessions is where the service keeps login sessions.
type Sessions struct {
	// Store is database, whose tables a schema change alters while people log in,
	// or valkey, a separate store. Changing it logs everyone out once. Default:
	// database.
	Store string `yaml:"store" default:"database" oneof:"database,valkey"`

	// NodeType is the size of a Valkey node, such as cache.t4g.small. There are
	// two nodes, in two zones. Default: cache.t4g.small.
	NodeType string `yaml:"nodeType" default:"cache.t4g.small"`
}

// Site is the web application that CloudFront serves.
type Site struct {
	// Domain is the host name of the site, such as app.example.com. It needs
	// CertificateARN. Default: the name that CloudFront assigns.
	Domain string `yaml:"domain"`

	// CertificateARN is the ACM certificate of Domain, in us-east-1 whatever
	// the environment's region, because CloudFront looks there. Default: none.
	CertificateARN string `yaml:"certificateArn"`
}

// SchemaChange is the one-off task that runs noren ddl.
type SchemaChange struct {
	// Changes is the folder of the .sql files and their rehearsals, which are
	// built into the task's image as /changes. Default: the example's, unless
	// Image is set.
	Changes string `yaml:"changes"`

	// Image is your own container image, for ARM64, with noren as its entry point
	// and the files in /changes. Default: built on deploy.
	Image string `yaml:"image"`
}

// HostedZone is the Route 53 zone that contains the domains. Without one, outputs
// of the stack list the records to create.
type HostedZone struct {
	// ID is the zone's id, such as Z0123456789ABCDEFGHIJ. Default: no zone.
	ID string `yaml:"id"`

	// Name is the zone's name, such as example.com. Required with ID.
	Name string `yaml:"name"`
}

// WebACL configures AWS WAF.
type WebACL struct {
	// Create creates a web ACL for the load balancer. It limits each address to
	// 100 requests in five minutes to the page that sets the bypass cookie, and
	// costs about 6 USD a month. Default: false; the page is a function and uses
	// the account's Lambda concurrency, like the function that answers refused
	// requests.
	Create bool `yaml:"create"`

	// Site is the ARN of a web ACL for the distribution, with scope CLOUDFRONT,
	// in us-east-1. Default: none.
	Site string `yaml:"site"`

	// API is the ARN of a web ACL for the load balancer, with scope REGIONAL, in
	// the environment's region. Default: none.
	API string `yaml:"api"`
}

// Maintenance configures maintenance mode.
type Maintenance struct {
	// Mode is the mode for deploys without -c maintenance=, typed as there:
	// false (open), read-only or true (closed). Default: false.
	Mode maintenance.Mode `yaml:"mode,scalar" default:"false"`

	// ReadOnly prepares the mode read-only. It costs a listener rule.
	// Default: false, and read-only is refused.
	ReadOnly bool `yaml:"readOnly"`

	// Guard refuses deploys that would open while maintenance is on, unless -c
	// maintenance= or Reopen asks for it. Default: false.
	Guard bool `yaml:"guard"`

	// Reopen lets the file end a maintenance without the flag: set it to the start
	// time that the guard's refusal prints. It applies only to that maintenance, so
	// leaving it in the file is harmless. Default: only the flag opens.
	Reopen time.Time `yaml:"reopen"`

	// Window is a planned maintenance, which begins at its time and runs by
	// itself. Default: none is planned.
	Window Window `yaml:"window"`

	// Message is what people are told, by language tag (BCP 47): en, ja,
	// zh-Hant. Default: a short sentence.
	Message map[string]string `yaml:"message"`

	// Words are the texts of the maintenance page other than the message, by the
	// language tag of a message. They add a language that noren has no words for, or
	// replace noren's words. Default: noren's.
	Words map[string]Words `yaml:"words"`

	// Page is the file of a custom page, HTML with placeholders, which goes into
	// the function's archive. Default: noren's page.
	Page string `yaml:"page"`

	// Logo is the file of a picture for noren's page: SVG, PNG, JPEG, GIF or WebP.
	// Default: a curtain.
	Logo string `yaml:"logo"`

	// Colours are the colours of noren's page. Default: noren's.
	Colours Colours `yaml:"colours"`

	// StatusPage is the address of a page elsewhere to which people are
	// redirected instead of getting a page here. Default: none.
	StatusPage string `yaml:"statusPage"`

	// DefaultLanguage is the tag of the message for people who read none of the
	// languages in Message. Default: en if there is such a message, else the
	// first in alphabetical order.
	DefaultLanguage string `yaml:"defaultLanguage"`

	// Announce is what /maintenance.json announces before a maintenance. It does
	// not change the mode. Default: nothing is announced.
	Announce Announce `yaml:"announce"`

	// Until is when maintenance is expected to end, for people to read. Nothing
	// ends automatically. Default: not known.
	Until time.Time `yaml:"until"`

	// RetryAfter is the longest time that clients are told to wait, in whole
	// seconds, 1s to 24h. They wait less if Until is sooner, and no longer if it
	// is later, since a maintenance may end early. Default: 10 minutes.
	RetryAfter time.Duration `yaml:"retryAfter" default:"10m" range:"1s,24h"`

	// ExpectedDuration is the longest that a maintenance should take, in steps of
	// 5 minutes, 5m to 24h, as the alarm looks back no further. After that, an
	// alarm asks whether it was forgotten. Default: 4 hours.
	ExpectedDuration time.Duration `yaml:"expectedDuration" default:"4h"`

	// Monitors are services outside of AWS that watch the product, and are kept
	// quiet while it is closed: docs/monitors.md. Default: none.
	Monitors []Monitor `yaml:"monitors"`

	// Allow are the requests that get through during maintenance, as patterns of
	// net/http.ServeMux with a method: "GET /api/templates/{id}". Default: only
	// the health check.
	Allow []string `yaml:"allow"`

	// Clients narrows Allow to certain clients. Default: all clients.
	Clients Clients `yaml:"clients"`

	// Bypass lets operators through to everything. Default: nobody.
	Bypass Bypass `yaml:"bypass"`

	// CORSOrigins are the origins whose scripts may read the answer during
	// maintenance, such as https://app.example.com or https://*.example.com.
	// Default: none.
	CORSOrigins []string `yaml:"corsOrigins"`

	// Body is a custom JSON value that replaces the JSON of the answer, for
	// clients with an older contract. Default: JSON:API errors.
	Body string `yaml:"body"`

	// ReservedConcurrency reserves instances, 0 to 900, for the function that
	// answers. It is also the function's maximum: requests beyond it get a bare
	// 502. An account must keep 100 unreserved: of the quota of 1000 that leaves
	// 900, and a new account, which may have 10, can reserve none. Default: 0, nothing
	// reserved.
	ReservedConcurrency int `yaml:"reservedConcurrency" range:"0,900"`
}

// Announce is a planned maintenance that clients are told of beforehand.
type Announce struct {
	// From is the planned beginning. Required with Until and Message.
	From time.Time `yaml:"from"`

	// Until is the planned end. Default: not known.
	Until time.Time `yaml:"until"`

	// Message is what clients show, by language tag. Default: clients have words of
	// their own.
	Message map[string]string `yaml:"message"`
}

// Monitor is a service outside of AWS that is kept quiet while the product is
// closed. Exactly one of Mackerel and HTTP is given.
type Monitor struct {
	// Name is what results and logs call it: letters, digits and hyphens.
	// Required.
	Name string `yaml:"name,required" want:"letters, digits and hyphens, at most 63"`

	// Secret is the ARN of the secret in Secrets Manager with the service's key, in
	// the account and region of the environment. Required.
	Secret string `yaml:"secret,required" want:"the ARN of a secret in Secrets Manager, arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-XXXXXX"`

	// WhileReadOnly keeps the monitor quiet while the product is read-only, too.
	// Default: false.
	WhileReadOnly bool `yaml:"whileReadOnly"`

	// Mackerel makes downtimes at Mackerel.
	Mackerel maintenance.Mackerel `yaml:"mackerel"`

	// HTTP makes downtimes, by HTTP requests, at any other service that has them.
	HTTP maintenance.HTTPMonitor `yaml:"http"`
}

// Window is one planned maintenance. It is deployed as long as it is in the file.
type Window struct {
	// Start is when it begins, a local time in Zone to the minute, such as
	// 2026-12-01T02:00:00. Required with any other key. Default: no window.
	Start string `yaml:"start"`

	// End is when it is expected to end, a local time in Zone, at most 24 hours
	// after Start. Nothing ends automatically. Required with Start.
	End string `yaml:"end"`

	// Zone is the time zone of Start and End, an IANA name such as Asia/Tokyo.
	// Required with Start.
	Zone string `yaml:"zone"`

	// Announce is how long before Start clients are told of it, up to 720h (30
	// days). Default: they are told when it begins.
	Announce time.Duration `yaml:"announce" range:"0s,720h"`

	// Mode is the mode that the product is switched to: true (closed) or
	// read-only. Default: true.
	Mode maintenance.Mode `yaml:"mode,scalar" default:"true"`

	// Changes are the schema changes, in order: names of files in
	// SchemaChange.Changes without .sql. Each needs its NAME.rehearsal.json, and
	// the rehearsals together may have taken 60 % of the window. Default: none.
	Changes []string `yaml:"changes"`

	// Verify are requests that are sent through the bypass before reopening, with
	// their expected status: GET /api/health -> 200. Default: none.
	Verify []string `yaml:"verify"`

	// Reopen is ask to let a person decide, or verified to let Verify decide.
	// Default: ask.
	Reopen string `yaml:"reopen" default:"ask" oneof:"ask,verified"`
}

// Clients is a request header that identifies the mobile app.
type Clients struct {
	// Header is the header's name, such as X-Client. Required with Values.
	Header string `yaml:"header"`

	// Values are the header's values. Load balancers compare them
	// without regard to case. Required with Header.
	Values []string `yaml:"values"`
}

// Words are the texts of the maintenance page other than the message, in one
// language.
type Words struct {
	// Title is the heading. Required.
	Title string `yaml:"title"`

	// Until is written before the expected end. Required.
	Until string `yaml:"until"`

	// Reload says that the page will reload automatically. Required.
	Reload string `yaml:"reload"`

	// Back is the text of the button that leads back to a form that was refused.
	// Required.
	Back string `yaml:"back"`
}

// Colours are the colours of noren's page, as #RRGGBB. Default: noren's.
type Colours struct {
	Background string `yaml:"background"`
	Text       string `yaml:"text"`
	Accent     string `yaml:"accent"`
}

// Bypass is how operators get through during maintenance. It is a convenience,
// not authentication.
type Bypass struct {
	// CIDRs are the networks that get through. They need API.Domain: behind
	// CloudFront the load balancer does not see the client's address.
	CIDRs []netip.Prefix `yaml:"cidrs"`

	// Header is the name of a request header that lets a request through if it
	// carries the secret. Default: none.
	Header string `yaml:"header"`

	// Cookie is the name of a cookie that lets a request through if it carries
	// the secret. Default: none.
	Cookie string `yaml:"cookie"`

	// SecretVersion counts the secrets of Header and Cookie, from 1. Raise it
	// by one to replace the secret. Default: 1.
	SecretVersion int `yaml:"secretVersion" default:"1" range:"1,1000000"`
}
