package environment

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/noren-cdk/noren/internal/function/responder"
)

// valid is an environment without problems. Each case below breaks it in a line
// or two.
const valid = `stackName: fieldreports-test
account: "111111111111"
region: ap-northeast-1
alarmEmail: ops@fieldreports.example
logDays: 30
network:
  cidr: 10.0.0.0/16
  availabilityZones: [ap-northeast-1a, ap-northeast-1c, ap-northeast-1d]
  natGateways: 3
database:
  engineVersion: 8.0.mysql_aurora.3.10.3
  name: fieldreports
  minCapacity: 0.5
  maxCapacity: 8
  readers: 2
  backupDays: 30
api:
  image: registry.example/api:1.4
  healthCheckPath: /api/health
  cpu: 256
  memory: 512
  minTasks: 2
  maxTasks: 4
  domain: api.fieldreports.example
  certificateArn: arn:aws:acm:ap-northeast-1:111111111111:certificate/00000000-0000-0000-0000-000000000000
  setupCommand: [migrate]
  ingressPrefixList: ""
site:
  domain: app.fieldreports.example
  certificateArn: arn:aws:acm:us-east-1:111111111111:certificate/00000000-0000-0000-0000-000000000000
hostedZone:
  id: Z0123456789ABCDEFGHIJ
  name: fieldreports.example
webAcl:
  site: arn:aws:wafv2:us-east-1:111111111111:global/webacl/site/00000000-0000-0000-0000-000000000000
  api: arn:aws:wafv2:ap-northeast-1:111111111111:regional/webacl/api/00000000-0000-0000-0000-000000000000
maintenance:
  readOnly: true
  defaultLanguage: en
  mode: false
  message:
    en: Closed.
    ja: 閉店中です。
  allow:
    - POST /api/login
    - GET /api/templates/{id}
  clients:
    header: X-Client
    values: [ios, android]
  bypass:
    cidrs: [203.0.113.0/28, 2001:db8::/48]
    header: X-Bypass
    cookie: bypass
  corsOrigins: [https://app.fieldreports.example]
sessions:
  store: database
  nodeType: cache.t4g.small
`

func TestValid(t *testing.T) {
	if _, warnings, problems := parseEnvironment("env.yaml", []byte(valid), time.Now()); len(problems)+len(warnings) > 0 {
		t.Fatal(problems, warnings)
	}
}

// edited returns valid with the lines of some keys replaced: pairs of a key and
// the text of its line, without indentation.
func edited(t *testing.T, edits ...string) string {
	t.Helper()
	d := newDecoder("valid")
	root, _ := d.parse([]byte(valid))
	d.decodeRoot(root, new(Environment))
	lines := strings.Split(valid, "\n")
	for i := 0; i < len(edits); i += 2 {
		at, ok := d.found[edits[i]]
		if !ok {
			t.Fatalf("no key %q", edits[i])
		}
		line := &lines[at.line-1]
		indentation := (*line)[:len(*line)-len(strings.TrimLeft(*line, " "))]
		*line = indentation + edits[i+1]
	}
	return strings.Join(lines, "\n")
}

func TestChecks(t *testing.T) {
	const arn = "arn:aws:acm:eu-west-1:111111111111:certificate/00000000-0000-0000-0000-000000000000"
	for _, test := range []struct {
		name  string
		edits []string
		want  string // without the file's name; empty if all is well
	}{
		{"stack name with an underscore", []string{"stackName", "stackName: field_reports"},
			`1:1: stackName: want letters, digits and hyphens, a letter first, at most 128, got "field_reports"`},
		{"stack name of 129 letters", []string{"stackName", "stackName: " + strings.Repeat("a", 129)},
			`1:1: stackName: want letters, digits and hyphens, a letter first, at most 128, got "` + strings.Repeat("a", 129) + `"`},
		{"account of 11 digits", []string{"account", "account: 11111111111"},
			`2:1: account: want the 12 digits of an AWS account, got "11111111111"`},
		{"account as a number", []string{"account", "account: 111111111111"}, ""},
		{"misspelt region", []string{"region", "region: us-esat-1"},
			`3:1: region: want a region of the partition aws, such as us-east-1, got "us-esat-1"`},
		{"region that is a zone", []string{"region", "region: ap-northeast-1a"},
			`3:1: region: want a region of the partition aws, such as ap-northeast-1, got "ap-northeast-1a"`},
		{"e-mail without a host", []string{"alarmEmail", "alarmEmail: ops"},
			`4:1: alarmEmail: want an e-mail address in ASCII such as ops@example.com, got "ops"`},
		{"e-mail with a name", []string{"alarmEmail", "alarmEmail: Ops <ops@fieldreports.example>"},
			`4:1: alarmEmail: want an e-mail address in ASCII such as ops@example.com, got "Ops <ops@fieldreports.example>"`},

		{"public CIDR", []string{"network.cidr", "cidr: 8.8.0.0/16"},
			`7:3: network.cidr: want a private IPv4 range, within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10, got 8.8.0.0/16`},
		{"CIDR of IPv6", []string{"network.cidr", "cidr: fd00::/16"},
			`7:3: network.cidr: want a private IPv4 range, within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10, got fd00::/16`},
		{"CIDR larger than a VPC", []string{"network.cidr", "cidr: 10.0.0.0/15"},
			`7:3: network.cidr: want a prefix from /16 to /28, which is what a VPC takes, got 10.0.0.0/15`},
		{"CIDR with host bits", []string{"network.cidr", "cidr: 10.0.1.0/16"},
			`7:3: network.cidr: want the first address of the range, 10.0.0.0/16, got 10.0.1.0/16`},
		{"CIDR too small for three zones", []string{"network.cidr", "cidr: 10.0.0.0/24"},
			`7:3: network.cidr: too small: 3 subnets in each of 3 zones, of at least /27 for the load balancer to scale, want a /23 or larger, got 10.0.0.0/24`},
		{"CIDR just large enough for three zones", []string{"network.cidr", "cidr: 10.0.0.0/23"}, ""},
		{"CIDR just large enough for the two zones of the default", []string{"network.cidr", "cidr: 10.0.0.0/24", "network.availabilityZones", "availabilityZones: []", "network.natGateways", "natGateways: 2"}, ""},
		{"zone of another region", []string{"network.availabilityZones", "availabilityZones: [ap-northeast-1a, us-east-1a]", "network.natGateways", "natGateways: 2"},
			`8:40: network.availabilityZones[1]: want a zone of ap-northeast-1, ap-northeast-1a to d, got "us-east-1a"`},
		{"zone named twice", []string{"network.availabilityZones", "availabilityZones: [ap-northeast-1a, ap-northeast-1a]", "network.natGateways", "natGateways: 2"},
			`8:40: network.availabilityZones[1]: "ap-northeast-1a" is there already: want each zone once`},
		{"single zone", []string{"network.availabilityZones", "availabilityZones: [ap-northeast-1a]", "network.natGateways", "natGateways: 1"},
			`8:3: network.availabilityZones: want at least two zones, for the load balancer and for Aurora, or none for the first two of the region, got 1`},
		{"more NAT gateways than zones", []string{"network.natGateways", "natGateways: 4"},
			`9:3: network.natGateways: want at most one in each of the 3 zones, got 4`},
		{"more NAT gateways than the two zones of the default", []string{"network.availabilityZones", "availabilityZones:"},
			`9:3: network.natGateways: want at most one in each of the 2 zones, got 3`},

		{"engine of MySQL 5.7", []string{"database.engineVersion", "engineVersion: 5.7.mysql_aurora.2.12.0"},
			`11:3: database.engineVersion: want an Aurora MySQL version in full, such as 8.0.mysql_aurora.3.10.0 or 8.4.mysql_aurora.8.4.7, got "5.7.mysql_aurora.2.12.0"`},
		{"engine version in short", []string{"database.engineVersion", `engineVersion: "3.10.0"`},
			`11:3: database.engineVersion: want an Aurora MySQL version in full, such as 8.0.mysql_aurora.3.10.0 or 8.4.mysql_aurora.8.4.7, got "3.10.0"`},
		{"engine 8.4", []string{"database.engineVersion", "engineVersion: 8.4.mysql_aurora.8.4.7"}, ""},
		{"engine 8.4 that pauses and grows large", []string{"database.minCapacity", "minCapacity: 0", "database.maxCapacity", "maxCapacity: 256", "database.engineVersion", "engineVersion: 8.4.mysql_aurora.8.4.7"}, ""},
		{"a major upgrade that is named", []string{"database.engineVersion", "engineVersion: 8.4.mysql_aurora.8.4.7\n  majorUpgrade: \"8.4\""}, ""},
		{"a major upgrade to another version than the engine's", []string{"database.engineVersion", "engineVersion: 8.0.mysql_aurora.3.10.3\n  majorUpgrade: \"8.4\""},
			`12:3: database.majorUpgrade: want "8.0", the major version of engineVersion, or nothing, got "8.4"`},
		{"a major upgrade without quotes", []string{"database.engineVersion", "engineVersion: 8.4.mysql_aurora.8.4.7\n  majorUpgrade: 8.4"},
			`12:3: database.majorUpgrade: want a major version in quotes, such as "8.4", got 8.4`},
		{"engine that mixes two numbers", []string{"database.engineVersion", "engineVersion: 8.4.mysql_aurora.3.10.0"},
			`11:3: database.engineVersion: want an Aurora MySQL version in full, such as 8.0.mysql_aurora.3.10.0 or 8.4.mysql_aurora.8.4.7, got "8.4.mysql_aurora.3.10.0"`},
		{"engine that mixes them the other way", []string{"database.engineVersion", "engineVersion: 8.0.mysql_aurora.8.4.7"},
			`11:3: database.engineVersion: want an Aurora MySQL version in full, such as 8.0.mysql_aurora.3.10.0 or 8.4.mysql_aurora.8.4.7, got "8.0.mysql_aurora.8.4.7"`},
		{"engine that hides tables on readers", []string{"database.engineVersion", "engineVersion: 8.0.mysql_aurora.3.04.1"},
			`11:3: database.engineVersion: want 8.0.mysql_aurora.3.04.2 or later: before it, a table is invisible on readers while an in-place ALTER of it runs; got "8.0.mysql_aurora.3.04.1"`},
		{"oldest engine", []string{"database.engineVersion", "engineVersion: 8.0.mysql_aurora.3.04.2"}, ""},
		{"engine 3.05.0", []string{"database.engineVersion", "engineVersion: 8.0.mysql_aurora.3.05.0"}, ""},
		{"database name with a hyphen", []string{"database.name", "name: field-reports"},
			`12:3: database.name: want letters, digits and underscores, a letter first, at most 64, got "field-reports"`},
		{"database name of MySQL's own", []string{"database.name", "name: mysql"},
			`12:3: database.name: want a name that MySQL does not use itself, got "mysql"`},
		{"capacity between the steps", []string{"database.minCapacity", "minCapacity: 0.7"},
			`13:3: database.minCapacity: want steps of 0.5, got 0.7`},
		{"minimum capacity over the maximum", []string{"database.minCapacity", "minCapacity: 8.5"},
			`13:3: database.minCapacity: want at most maxCapacity, which is 8, got 8.5`},
		{"pause with an engine that cannot", []string{"database.minCapacity", "minCapacity: 0", "database.engineVersion", "engineVersion: 8.0.mysql_aurora.3.07.1"},
			`13:3: database.minCapacity: want at least 0.5: only 8.0.mysql_aurora.3.08.0 and later take 0; got 0`},
		{"pause with an engine that can", []string{"database.minCapacity", "minCapacity: 0", "database.engineVersion", "engineVersion: 8.0.mysql_aurora.3.08.0"}, ""},
		{"capacity that the engine does not reach", []string{"database.maxCapacity", "maxCapacity: 128.5", "database.engineVersion", "engineVersion: 8.0.mysql_aurora.3.05.2"},
			`14:3: database.maxCapacity: want at most 128: only 8.0.mysql_aurora.3.06.0 and later go beyond; got 128.5`},

		{"image with a space", []string{"api.image", "image: api 1.4"},
			`18:3: api.image: want a container image such as 111111111111.dkr.ecr.us-east-1.amazonaws.com/api:1.4, got "api 1.4"`},
		{"health check without a slash", []string{"api.healthCheckPath", "healthCheckPath: health"},
			`19:3: api.healthCheckPath: want a path that begins with / and has no query, at most 128 characters, got "health"`},
		{"health check with a query", []string{"api.healthCheckPath", "healthCheckPath: /health?deep=1"},
			`19:3: api.healthCheckPath: want a path that begins with / and has no query, at most 128 characters, got "/health?deep=1"`},
		{"memory that Fargate has not with the least CPU", []string{"api.memory", "memory: 1536"},
			`21:3: api.memory: want 512, 1024 or 2048 with cpu 256, got 1536`},
		{"memory between Fargate's steps", []string{"api.cpu", "cpu: 8192", "api.memory", "memory: 17408"},
			`21:3: api.memory: want 16384 to 61440 in steps of 4096 with cpu 8192, got 17408`},
		{"most that Fargate has", []string{"api.cpu", "cpu: 16384", "api.memory", "memory: 122880"}, ""},
		{"CPU that Fargate has not", []string{"api.cpu", "cpu: 300", "api.memory", "memory:"},
			`20:3: api.cpu: want 256, 512, 1024, 2048, 4096, 8192 or 16384, got 300`},
		{"more tasks at least than at most", []string{"api.minTasks", "minTasks: 5"},
			`22:3: api.minTasks: want at most maxTasks, which is 4, got 5`},
		{"empty word in the set-up command", []string{"api.setupCommand", `setupCommand: [migrate, ""]`},
			`26:27: api.setupCommand[1]: want a word of a command, got ""`},
		{"prefix list by name", []string{"api.ingressPrefixList", "ingressPrefixList: office", "api.domain", "domain:", "api.certificateArn", "certificateArn:", "maintenance.bypass.cidrs", "cidrs: []"},
			`27:3: api.ingressPrefixList: want a prefix list such as pl-0123456789abcdef0, got "office"`},
		{"prefix list of an internet-facing load balancer", []string{"api.ingressPrefixList", "ingressPrefixList: pl-0123abcd"},
			`27:3: api.ingressPrefixList: want none with api.domain: the load balancer is then internet-facing and open to everyone`},
		{"prefix list of an internal load balancer", []string{"api.ingressPrefixList", "ingressPrefixList: pl-0123abcd", "api.domain", "domain:", "api.certificateArn", "certificateArn:", "maintenance.bypass.cidrs", "cidrs: []"}, ""},

		{"API domain without certificate", []string{"api.certificateArn", `certificateArn: ""`},
			`25:3: api.certificateArn: missing: want the ARN of the ACM certificate of api.fieldreports.example`},
		{"API certificate without domain", []string{"api.domain", `domain: ""`, "maintenance.bypass.cidrs", "cidrs: []", "api.ingressPrefixList", "ingressPrefixList: pl-58a04531"},
			`25:3: api.certificateArn: want none without api.domain: it would be the certificate of nothing`},
		{"API certificate of another region", []string{"api.certificateArn", "certificateArn: " + arn},
			`25:3: api.certificateArn: want a certificate in ap-northeast-1, the environment's region, got one in eu-west-1`},
		{"API certificate of another account", []string{"account", `account: "222222222222"`, "site.certificateArn", "certificateArn:", "site.domain", "domain:", "webAcl.site", "site:", "webAcl.api", "api:"},
			`25:3: api.certificateArn: want a certificate of account 222222222222, the environment's, got one of 111111111111`},
		{"API certificate by id", []string{"api.certificateArn", "certificateArn: 0000-0000"},
			`25:3: api.certificateArn: want the ARN of an ACM certificate, arn:aws:acm:REGION:ACCOUNT:certificate/ID, got "0000-0000"`},
		{"API domain with a scheme", []string{"api.domain", "domain: https://api.fieldreports.example"},
			`24:3: api.domain: want a host name such as api.example.com, in lower case, got "https://api.fieldreports.example"`},
		{"API domain outside the hosted zone", []string{"api.domain", "domain: api.otherfieldreports.example"},
			`24:3: api.domain: want a name in the hosted zone fieldreports.example, got "api.otherfieldreports.example"`},
		{"site domain without certificate", []string{"site.certificateArn", "certificateArn:"},
			`30:3: site.certificateArn: missing: want the ARN of the ACM certificate of app.fieldreports.example`},
		{"site certificate outside us-east-1", []string{"site.certificateArn", "certificateArn: " + strings.Replace(arn, "eu-west-1", "ap-northeast-1", 1)},
			`30:3: site.certificateArn: want a certificate in us-east-1, where CloudFront looks, got one in ap-northeast-1`},
		{"site domain that is the zone itself", []string{"site.domain", "domain: fieldreports.example"}, ""},
		{"one domain for both", []string{"site.domain", "domain: api.fieldreports.example"},
			`29:3: site.domain: want another domain than api.domain, got "api.fieldreports.example" twice`},
		{"hosted zone without name", []string{"hostedZone.name", `name: ""`},
			`33:3: hostedZone.name: missing: want the name of hosted zone "Z0123456789ABCDEFGHIJ", or neither id nor name`},
		{"hosted zone without id", []string{"hostedZone.id", `id:`},
			`32:3: hostedZone.id: missing: want the id of hosted zone "fieldreports.example", or neither id nor name`},
		{"hosted zone with a trailing dot", []string{"hostedZone.name", "name: fieldreports.example."},
			`33:3: hostedZone.name: want a domain such as example.com, in lower case, got "fieldreports.example."`},
		{"hosted zone id with its path", []string{"hostedZone.id", "id: /hostedzone/Z0123"},
			`32:3: hostedZone.id: want the id of a hosted zone such as Z0123456789ABCDEFGHIJ, got "/hostedzone/Z0123"`},

		{"site web ACL of the load balancer's scope", []string{"webAcl.site", "site: arn:aws:wafv2:us-east-1:111111111111:regional/webacl/x/0"},
			`35:3: webAcl.site: want the ARN of a web ACL of scope CLOUDFRONT, arn:aws:wafv2:us-east-1:ACCOUNT:global/webacl/NAME/ID, got "arn:aws:wafv2:us-east-1:111111111111:regional/webacl/x/0"`},
		{"site web ACL outside us-east-1", []string{"webAcl.site", "site: arn:aws:wafv2:eu-west-1:111111111111:global/webacl/x/0"},
			`35:3: webAcl.site: want a web ACL in us-east-1, got one in eu-west-1`},
		{"API web ACL of another region", []string{"webAcl.api", "api: arn:aws:wafv2:us-east-1:111111111111:regional/webacl/x/0"},
			`36:3: webAcl.api: want a web ACL in ap-northeast-1, got one in us-east-1`},
		{"API web ACL of another account", []string{"webAcl.api", "api: arn:aws:wafv2:ap-northeast-1:222222222222:regional/webacl/x/0"},
			`36:3: webAcl.api: want a web ACL of account 111111111111, the environment's, got one of 222222222222`},

		{"message in no language", []string{"maintenance.message", "message: {}", "maintenance.message.en", "", "maintenance.message.ja", ""},
			`41:3: maintenance.message: want a message in at least one language, or no maintenance.message at all`},
		{"message in a language that is none", []string{"maintenance.message.ja", "日本語: 閉店中です。"},
			`43:5: maintenance.message."日本語": ` + told(responder.Config{Message: map[string]string{"日本語": "閉店中です。"}})},
		{"empty message", []string{"maintenance.message.ja", `ja: ""`},
			`43:5: maintenance.message.ja: ` + told(responder.Config{Message: map[string]string{"ja": ""}})},
		{"messages too large for the function", []string{"maintenance.message.ja", "ja: " + strings.Repeat("x", 5000)},
			`43:5: maintenance.message.ja: ` + told(responder.Config{Message: map[string]string{"ja": strings.Repeat("x", 5000)}})},
		{"messages too large together", []string{"maintenance.message.en", "en: " + strings.Repeat("x", 2500), "maintenance.message.ja", "ja: " + strings.Repeat("x", 2500)},
			`41:3: maintenance.message: ` + told(responder.Config{Message: map[string]string{"en": strings.Repeat("x", 2500), "ja": strings.Repeat("x", 2500)}})},
		{"default language without message", []string{"maintenance.defaultLanguage", "defaultLanguage: fr"},
			`39:3: maintenance.defaultLanguage: ` + told(responder.Config{Message: map[string]string{"en": "Closed.", "ja": "閉店中です。"}, DefaultLanguage: "fr"})},
		{"origin with a path", []string{"maintenance.corsOrigins", "corsOrigins: [https://a.example, https://b.example/app]"},
			`54:36: maintenance.corsOrigins[1]: ` + told(responder.Config{CORSOrigins: []string{"https://b.example/app"}})},
		{"any origin", []string{"maintenance.corsOrigins", `corsOrigins: ["*"]`},
			`54:17: maintenance.corsOrigins[0]: ` + told(responder.Config{CORSOrigins: []string{"*"}})},
		{"origins below a domain", []string{"maintenance.corsOrigins", `corsOrigins: [https://*.fieldreports.example]`}, ""},
		{"body that is no JSON", []string{"maintenance.mode", "body: \"{\""},
			`40:3: maintenance.body: ` + told(responder.Config{Body: []byte("{")})},
		{"a maintenance longer than CloudWatch looks back", []string{"maintenance.mode", "expectedDuration: 25h"},
			`40:3: maintenance.expectedDuration: want steps of 5m from 5m to 24h, since CloudWatch looks back no further for an alarm, got 25h0m0s`},
		{"more concurrency than there is", []string{"maintenance.mode", "reservedConcurrency: 2000"},
			`40:3: maintenance.reservedConcurrency: want a whole number from 0 to 900, got 2000`},
		{"end that is not a time", []string{"maintenance.mode", "until: tomorrow"},
			`40:3: maintenance.until: want a time such as 2026-12-01T04:00:00+09:00, got "tomorrow"`},
		{"end without an offset", []string{"maintenance.mode", "until: 2026-12-01T04:00:00"},
			`40:3: maintenance.until: want a time such as 2026-12-01T04:00:00+09:00, got "2026-12-01T04:00:00"`},

		{"unknown mode", []string{"maintenance.mode", "mode: ture"},
			`40:3: maintenance.mode: want false, read-only or true, got "ture"`},
		{"mode in YAML 1.1", []string{"maintenance.mode", "mode: on"},
			`40:3: maintenance.mode: want false, read-only or true, got "on"`},
		{"mode in quotes", []string{"maintenance.mode", `mode: "true"`}, ""},
		{"mode read-only", []string{"maintenance.mode", "mode: read-only"}, ""},
		{"mode read-only that is not prepared", []string{"maintenance.mode", "mode: read-only", "maintenance.readOnly", "readOnly: false"},
			`40:3: maintenance.mode: the listener is not prepared for read-only: set ReadOnly (maintenance.readOnly in an environment file) and deploy that first`},
		{"blank allow pattern", []string{"maintenance.allow[0]", `- " "`},
			`45:7: maintenance.allow[0]: " ": a method is required, as in "GET /api/templates/{id}"`},
		{"allow pattern without a method", []string{"maintenance.allow[0]", `- /api/login`},
			`45:7: maintenance.allow[0]: "/api/login": a method is required, as in "GET /api/templates/{id}"`},
		{"allow pattern with a character that ALB refuses", []string{"maintenance.allow[0]", `- GET /api/(login)`},
			`45:7: maintenance.allow[0]: "GET /api/(login)": path pattern "/api/(login)" contains '(', ALB allows A-Z a-z 0-9 _ - . $ / ~ " ' @ : + & * ?`},
		{"clients without values", []string{"maintenance.clients.values", "values: []"},
			`49:5: maintenance.clients.values: missing: want values of the header "X-Client"`},
		{"clients without header", []string{"maintenance.clients.header", "header:"},
			`48:5: maintenance.clients.header: missing: want the name of the header that has the values`},
		{"client header that is not a token", []string{"maintenance.clients.header", "header: X Client"},
			`48:5: maintenance.clients.header: want the name of a header such as X-Client: letters, digits and hyphens, at most 40, got "X Client"`},
		{"client values that differ by case", []string{"maintenance.clients.values", "values: [ios, iOS]"},
			`49:19: maintenance.clients.values[1]: "iOS" is there already: load balancers do not tell upper and lower case apart`},
		{"client value that no header carries", []string{"maintenance.clients.values", "values: [ios, 안드로이드]"},
			`49:19: maintenance.clients.values[1]: want a header value in ASCII, got "안드로이드"`},
		{"bypass by address behind CloudFront", []string{"api.domain", "domain:", "api.certificateArn", "certificateArn:", "api.ingressPrefixList", "ingressPrefixList: pl-58a04531"},
			`51:5: maintenance.bypass.cidrs: want none without api.domain: the load balancer is then behind CloudFront and does not see the client's address`},
		{"bypass for everybody", []string{"maintenance.bypass.cidrs", "cidrs: [0.0.0.0/0]"},
			`51:13: maintenance.bypass.cidrs[0]: want a network of operators, got 0.0.0.0/0, which is everybody`},
		{"bypass with host bits", []string{"maintenance.bypass.cidrs", "cidrs: [203.0.113.9/28]"},
			`51:13: maintenance.bypass.cidrs[0]: want the first address of the network, 203.0.113.0/28, got 203.0.113.9/28`},
		{"bypass cookie that is not a token", []string{"maintenance.bypass.cookie", `cookie: "by;pass"`},
			`53:5: maintenance.bypass.cookie: want the name of a cookie such as maintenance-bypass: letters, digits, hyphens and underscores, at most 64, got "by;pass"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, problems := parseEnvironment("env.yaml", []byte(edited(t, test.edits...)), time.Now())
			got := ""
			if len(problems) > 0 {
				got = strings.TrimPrefix(joinProblems(problems).Error(), "env.yaml:")
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// told returns what the responder reports about its configuration.
func told(config responder.Config) string {
	err := config.Validate()
	if err == nil {
		return "nothing is wrong"
	}
	return oneLine(err.Error())
}

func TestSchemaChangesAreEitherInAnImageOrBuiltIntoOne(t *testing.T) {
	source, err := os.ReadFile("../../environments/dev.yaml")
	if err != nil {
		t.Fatal(err)
	}
	named := strings.ReplaceAll(string(source), "  image: \"\"\n", "  image: registry.example/changes:1\n")
	_, _, problems := parseEnvironment("dev.yaml", []byte(named), time.Now())
	if len(problems) != 1 || problems[0].Key != "schemaChange.changes" || problems[0].Text != "want none with schemaChange.image, which holds them" {
		t.Errorf("got %v", problems)
	}
}

// TestWords checks that a message in a language without page words is noted, that
// words need a message, and that a country code is noted as the language that it
// is.
func TestWords(t *testing.T) {
	for _, test := range []struct {
		name, message, words string
		problem, warning     string
	}{
		{"noren's words", "{en: Closed., fi: Suljettu.}", "", "", ""},
		{"no words", "{en: Closed., cs: Zavřeno.}", "", "", "maintenance.message.cs: the page has no words in this language, only the message: give maintenance.words.cs"},
		{"own words", "{en: Closed., cs: Zavřeno.}", "{cs: {title: Údržba, until: Do, reload: Obnoví se., back: Zpět}}", "", ""},
		{"words without message", "{en: Closed.}", "{cs: {title: Údržba, until: Do, reload: Obnoví se., back: Zpět}}", "maintenance.words.cs: want the language of a message of maintenance.message", ""},
		{"a word is missing", "{en: Closed.}", "{en: {title: Closed, until: Until, reload: Reloads.}}", `maintenance.words.en: words in "en": back is empty`, ""},
		{"an unknown word", "{en: Closed.}", "{en: {titel: Closed, title: Closed, until: Until, reload: Reloads., back: Back}}", "maintenance.words.en.titel: unknown key: did you mean title?", ""},
		{"Taiwan", "{en: Closed., tw: Closed.}", "", "", `maintenance.message.tw: "tw" is a language, and not Taiwan, whose tag is "zh-Hant"`},
		{"Korea", "{en: Closed., kr: Closed.}", "", "", `"kr" is a language, and not Korea, whose language is "ko"`},
		{"Japan", "{en: Closed., jp: Closed.}", "", `message language "jp": want a BCP 47 tag such as "ja", the language of that country`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			source := strings.Replace(valid, "  message:\n    en: Closed.\n    ja: 閉店中です。\n", "  message: "+test.message+"\n  words: "+test.words+"\n", 1)
			_, warnings, problems := parseEnvironment("env.yaml", []byte(source), time.Now())
			for _, got := range []struct {
				list []Problem
				want string
			}{{problems, test.problem}, {warnings, test.warning}} {
				if text := joinProblems(got.list); got.want == "" && len(got.list) > 0 || got.want != "" && (text == nil || !strings.Contains(text.Error(), got.want)) {
					t.Errorf("got %v, want %q", text, got.want)
				}
			}
		})
	}
}

func TestPage(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"good.html": "<p>{{message}}</p>", "bad.html": "<script>'{{message}}'</script>", "logo.svg": "<svg/>", "logo.pdf": "%PDF-1.7",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	for keys, want := range map[string]string{
		"page: good.html":                                  "",
		"page: none.html":                                  "maintenance.page: want a file, from where the app runs: open none.html: no such file or directory",
		"page: bad.html":                                   "maintenance.page: {{message}} is within <script>",
		"page: good.html\n  logo: logo.svg":                "maintenance.page: want an HTML page, or a logo and colours for noren's page, not both",
		"logo: logo.svg":                                   "",
		"logo: logo.pdf":                                   "maintenance.logo: the logo is of an unknown type: want SVG, PNG, JPEG, GIF or WebP",
		"colours: {text: red}":                             `maintenance.colours: text "red": want a colour such as #26304a`,
		`colours: {text: "#123456"}`:                       "",
		"statusPage: https://status.example.com":           "",
		"statusPage: http://status.example.com":            `maintenance.statusPage: status page "http://status.example.com": want an address such as https://status.example.com`,
		"page: good.html\n  statusPage: https://a.example": "maintenance.statusPage: want a page of your own or a status page elsewhere, not both",
	} {
		t.Run(keys, func(t *testing.T) {
			source := strings.Replace(valid, "  readOnly: true\n", "  readOnly: true\n  "+keys+"\n", 1)
			env, _, problems := parseEnvironment("env.yaml", []byte(source), time.Now())
			if text := joinProblems(problems); want == "" && len(problems) > 0 || want != "" && (text == nil || !strings.Contains(text.Error(), want)) {
				t.Errorf("got %v, want %q", text, want)
			}
			if answer := env.Maintenance.Answer(); want == "" && answer.Page.IsZero() && answer.StatusPage == "" {
				t.Error("the answer has no page")
			}
		})
	}
}
