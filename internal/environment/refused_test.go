package environment

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// internalAlb turns the valid environment into one behind CloudFront, with the
// given prefix list.
func internalAlb(prefixList string) []string {
	return []string{"api.domain", "domain:", "api.certificateArn", "certificateArn:", "maintenance.bypass.cidrs", "cidrs: []",
		"api.ingressPrefixList", "ingressPrefixList: " + prefixList}
}

// inRegion moves the valid environment to another region.
func inRegion(region string, more ...string) []string {
	return append([]string{"region", "region: " + region, "network.availabilityZones", "availabilityZones: []", "network.natGateways", "natGateways: 1",
		"webAcl.api", "api:", "api.certificateArn", "certificateArn: arn:aws:acm:" + region + ":111111111111:certificate/0"}, more...)
}

var now = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// TestWhatAWSWouldRefuse checks that each mistake is refused at its key, and that
// nothing else is.
func TestWhatAWSWouldRefuse(t *testing.T) {
	const certificate = "certificateArn: arn:%s:acm:%s:%s:certificate/00000000-0000-0000-0000-000000000000"
	for _, test := range []struct {
		edits     []string
		key, want string
	}{
		{[]string{"region", "region: eu-west-9"}, "region", "such as eu-west-1"},
		{[]string{"region", "region: moon"}, "region", "af-south-1, "},
		{[]string{"region", "region: us-gov-west-1"}, "region", "partition aws"},
		{[]string{"region", "region: cn-north-1"}, "region", "partition aws"},
		{[]string{"network.availabilityZones", "availabilityZones: [ap-northeast-1a, ap-northeast-1z]", "network.natGateways", "natGateways: 2"}, "network.availabilityZones[1]", "a zone of ap-northeast-1"},
		{[]string{"network.availabilityZones", "availabilityZones: [ap-northeast-1a, ap-northeast-1-wl1-nrt-wlz-1]", "network.natGateways", "natGateways: 2"}, "network.availabilityZones[1]", "a zone of ap-northeast-1"},
		{[]string{"network.availabilityZones", "availabilityZones: [ap-northeast-1a, ap-northeast-1e]", "network.natGateways", "natGateways: 2"}, "network.availabilityZones[1]", "ap-northeast-1a to d"},
		{inRegion("eu-west-1", "network.availabilityZones", "availabilityZones: [eu-west-1a, eu-west-1d]"), "network.availabilityZones[1]", "eu-west-1a to c"},
		{[]string{"network.cidr", "cidr: 100.0.0.0/16"}, "network.cidr", "100.64.0.0/10"},
		{[]string{"network.cidr", "cidr: 100.128.0.0/16"}, "network.cidr", "100.64.0.0/10"},
		{[]string{"network.cidr", "cidr: 172.32.0.0/16"}, "network.cidr", "172.16.0.0/12"},

		{[]string{"logDays", "logDays: 30\nencryptionKey: alias/logs"}, "encryptionKey", "the ARN of a KMS key and not of an alias"},
		{[]string{"logDays", "logDays: 30\nencryptionKey: arn:aws:kms:ap-northeast-1:111111111111:alias/logs"}, "encryptionKey", "the ARN of a KMS key and not of an alias"},
		{[]string{"logDays", "logDays: 30\nencryptionKey: arn:aws:kms:us-east-1:111111111111:key/mrk-0"}, "encryptionKey", "want a KMS key in ap-northeast-1"},
		{[]string{"logDays", "logDays: 30\nencryptionKey: arn:aws:kms:ap-northeast-1:222222222222:key/0"}, "encryptionKey", "want a KMS key of account 111111111111"},
		{[]string{"sessions.store", "store: redis"}, "sessions.store", "want database or valkey, got \"redis\""},
		{[]string{"sessions.nodeType", "nodeType: t4g.small"}, "sessions.nodeType", "a node type of ElastiCache such as cache.t4g.small"},
		{[]string{"api.certificateArn", fmt.Sprintf(certificate, "aws-bogus", "ap-northeast-1", "111111111111")}, "api.certificateArn", "arn:aws:acm:REGION"},
		{[]string{"api.certificateArn", fmt.Sprintf(certificate, "aws-cn", "ap-northeast-1", "111111111111")}, "api.certificateArn", "arn:aws:acm:REGION"},
		{[]string{"webAcl.api", "api: arn:aws-bogus:wafv2:ap-northeast-1:111111111111:regional/webacl/x/0"}, "webAcl.api", "arn:aws:wafv2"},
		{[]string{"webAcl.api", "api: arn:aws:wafv2:ap-northeast-1:111111111111:regional/webacl/x/0\n  create: true"}, "webAcl.create", "want none with webAcl.api"},
		{[]string{"webAcl.api", "create: true", "maintenance.bypass.cookie", "cookie:"}, "webAcl.create", "want none without maintenance.bypass.cookie"},
		{[]string{"webAcl.api", "create: yes"}, "webAcl.create", "true or false"},
		{[]string{"account", "account:", "site.certificateArn", fmt.Sprintf(certificate, "aws", "us-east-1", "222222222222")}, "site.certificateArn", "of account 111111111111, which is that of api.certificateArn"},
		{[]string{"account", "account:", "webAcl.site", "site: arn:aws:wafv2:us-east-1:222222222222:global/webacl/x/0"}, "webAcl.site", "of account 111111111111"},

		{[]string{"database.name", "name: select"}, "database.name", "reserved word"},
		{[]string{"database.name", "name: Rank"}, "database.name", "reserved word"},
		{[]string{"database.name", "name: noren_scratch"}, "database.name", "does not begin with noren_"},
		{[]string{"database.name", "name: Noren_x"}, "database.name", "does not begin with noren_"},
		{[]string{"database.name", "name: INFORMATION_SCHEMA"}, "database.name", "MySQL does not use itself"},
		{[]string{"database.name", "name: Mysql"}, "database.name", "MySQL does not use itself"},

		{[]string{"api.image", "image: foo:1:2"}, "api.image", `got "foo:1:2"`},
		{[]string{"api.image", "image: https://registry.example/api:1"}, "api.image", "without a scheme"},
		{[]string{"api.image", "image: registry.example/API:1"}, "api.image", "a container image"},
		{[]string{"api.image", "image: registry.example/api@sha256:12"}, "api.image", "a container image"},
		{[]string{"api.image", "image: 'registry.example/api:'"}, "api.image", "a container image"},
		{[]string{"api.image", "image: /api"}, "api.image", "a container image"},
		{[]string{"api.image", "image: registry.example//api"}, "api.image", "a container image"},
		{[]string{"api.image", "image: " + strings.Repeat("a", 256)}, "api.image", "a container image"},

		{[]string{"api.image", "image: 111111111111.dkr.ecr.eu-west-9.amazonaws.com/api:1"}, "api.image", "of a region of the partition aws"},
		{[]string{"api.image", "image: 1111.dkr.ecr.us-east-1.amazonaws.com/api:1"}, "api.image", "111111111111.dkr.ecr"},
		{[]string{"api.image", "image: 111111111111.dkr.ecr.cn-north-1.amazonaws.com.cn/api:1"}, "api.image", "of a region of the partition aws"},

		{[]string{"network.cidr", "cidr: 10.0.0.0/23", "api.minTasks", "minTasks: 2", "api.maxTasks", "maxTasks: 1000"}, "api.maxTasks", "want at most 39 with network.cidr 10.0.0.0/23"},
		{[]string{"network.availabilityZones", "availabilityZones: []", "network.natGateways", "natGateways: 1", "network.cidr", "cidr: 10.0.0.0/24", "api.maxTasks", "maxTasks: 1000"}, "api.maxTasks", "want at most 26"},
		{[]string{"database.maxCapacity", "maxCapacity: 2", "api.maxTasks", "maxTasks: 17"}, "api.maxTasks", "want at most 16 with database.maxCapacity 2: an instance takes 90"},
		{[]string{"database.maxCapacity", "maxCapacity: 2", "database.readers", "readers: 0", "api.maxTasks", "maxTasks: 34"}, "api.maxTasks", "want at most 33"},

		{[]string{"maintenance.mode", "reservedConcurrency: 901"}, "maintenance.reservedConcurrency", "0 to 900"},
		{[]string{"maintenance.mode", "reservedConcurrency: 1000"}, "maintenance.reservedConcurrency", "0 to 900"},
		{[]string{"alarmEmail", "alarmEmail: öps@fieldreports.example"}, "alarmEmail", "in ASCII"},
		{[]string{"alarmEmail", "alarmEmail: ops@fieldreports.éxample"}, "alarmEmail", "in ASCII"},
		{[]string{"alarmEmail", "alarmEmail: \"'a b'@fieldreports.example\""}, "alarmEmail", "in ASCII"},

		{[]string{"maintenance.bypass.cidrs", "cidrs: [0.0.0.0/1]"}, "maintenance.bypass.cidrs[0]", "/8 of IPv4"},
		{[]string{"maintenance.bypass.cidrs", "cidrs: [203.0.113.0/28, 128.0.0.0/2]"}, "maintenance.bypass.cidrs[1]", "/8 of IPv4"},
		{[]string{"maintenance.bypass.cidrs", "cidrs: [11.0.0.0/8, 12.0.0.0/8, 13.0.0.0/8, 14.0.0.0/8, 203.0.113.9/32]"}, "maintenance.bypass.cidrs[4]", "add up to at most 4"},
		{[]string{"maintenance.bypass.cidrs", "cidrs: [2001::/16, 2002::/16, 2003::/16, 2004::/16, 2005::/16]"}, "maintenance.bypass.cidrs[4]", "add up to at most 4"},
		{[]string{"maintenance.bypass.cidrs", "cidrs: [\"::/1\"]"}, "maintenance.bypass.cidrs[0]", "/16 of IPv6"},
		{[]string{"maintenance.bypass.cidrs", "cidrs: [\"2000::/3\"]"}, "maintenance.bypass.cidrs[0]", "/16 of IPv6"},
		{[]string{"maintenance.bypass.cidrs", "cidrs: [\"::ffff:203.0.113.0/124\"]"}, "maintenance.bypass.cidrs[0]", "as such"},
		{[]string{"maintenance.bypass.header", "header: Cookie"}, "maintenance.bypass.header", "a header of your own"},
		{[]string{"maintenance.bypass.header", "header: authorization"}, "maintenance.bypass.header", "a header of your own"},
		{[]string{"maintenance.bypass.header", "header: X-Forwarded-For"}, "maintenance.bypass.header", "a header of your own"},
		{[]string{"maintenance.bypass.header", "header: Host"}, "maintenance.bypass.header", "a header of your own"},
		{[]string{"maintenance.bypass.header", "header: X-Amzn-Trace-Id"}, "maintenance.bypass.header", "a header of your own"},
		{[]string{"maintenance.bypass.header", "header: CloudFront-Viewer-Country"}, "maintenance.bypass.header", "a header of your own"},
		{[]string{"maintenance.bypass.header", "header: X_Bypass"}, "maintenance.bypass.header", "letters, digits and hyphens"},
		{[]string{"maintenance.bypass.header", "header: X-" + strings.Repeat("a", 39)}, "maintenance.bypass.header", "at most 40"},
		{[]string{"maintenance.bypass.header", "header: x-client"}, "maintenance.bypass.header", "another header than that of the clients"},
		{[]string{"maintenance.bypass.cookie", "cookie: by*pass"}, "maintenance.bypass.cookie", "letters, digits, hyphens and underscores"},
		{[]string{"maintenance.clients.header", "header: Cookie"}, "maintenance.clients.header", "a header of your own"},
		{[]string{"maintenance.clients.header", "header: X-Forwarded-Proto"}, "maintenance.clients.header", "a header of your own"},
		{[]string{"maintenance.clients.values", `values: ["*"]`}, "maintenance.clients.values[0]", "without * and ?"},
		{[]string{"maintenance.clients.values", `values: [ios, "andr?id"]`}, "maintenance.clients.values[1]", "without * and ?"},
		{[]string{"maintenance.clients.values", "values: [" + strings.Repeat("a", 129) + "]"}, "maintenance.clients.values[0]", "at most 128"},

		{[]string{"maintenance.mode", "until: 9999-12-31T00:00:00Z"}, "maintenance.until", "within a year"},
		{[]string{"maintenance.mode", "until: 2027-12-01T04:00:00+09:00"}, "maintenance.until", "within a year"},
		{[]string{"maintenance.mode", "reopen: 2026-11-27T13:00:00Z"}, "maintenance.reopen", "yet to come"},

		{internalAlb(`""`), "api.ingressPrefixList", "want CloudFront's in ap-northeast-1, pl-58a04531"},
		{internalAlb("pl-3b927c52"), "api.ingressPrefixList", "pl-3b927c52 is CloudFront's list in us-east-1"},
		{inRegion("eu-central-2", internalAlb(`""`)...), "api.ingressPrefixList", "aws ec2 describe-managed-prefix-lists --region eu-central-2"},
	} {
		t.Run(strings.Join(test.edits, " "), func(t *testing.T) {
			_, _, problems := parseEnvironment("env.yaml", []byte(edited(t, test.edits...)), now)
			if len(problems) != 1 || problems[0].Key != test.key || !strings.Contains(problems[0].Text, test.want) || problems[0].Line < 2 {
				t.Errorf("got %v, want %s: ... %s", problems, test.key, test.want)
			}
		})
	}
}

// TestWhatIsRightIsNotRefused tries valid environments that are close to the
// refused ones.
func TestWhatIsRightIsNotRefused(t *testing.T) {
	for _, edits := range [][]string{
		{"network.cidr", "cidr: 100.64.0.0/16"}, {"network.cidr", "cidr: 100.127.0.0/16"},
		{"network.cidr", "cidr: 172.31.0.0/16"}, {"network.cidr", "cidr: 192.168.0.0/16"},
		inRegion("mx-central-1"), inRegion("us-west-2"), inRegion("ap-southeast-7"), inRegion("us-east-1"),
		inRegion("eu-central-2", internalAlb("pl-0123456789abcdef0")...), internalAlb("pl-58a04531"), internalAlb("pl-0123456789abcdef0"),
		{"account", "account:"},
		{"database.name", "name: selection"}, {"database.name", "name: noren"}, {"database.name", "name: mysql_data"}, {"database.name", "name: users"},
		{"api.image", "image: nginx"}, {"api.image", "image: nginx:1.27"}, {"api.image", "image: team/api"},
		{"api.image", "image: registry.example:5000/team/api:1.4_x-Y.z"}, {"api.image", "image: localhost/api:1"},
		{"api.image", "image: public.ecr.aws/nginx/nginx:stable"}, {"api.image", "image: ghcr.io/a/b__c/d--e@sha256:" + strings.Repeat("0a", 32)},
		{"api.image", "image: registry.example/api:1@sha256:" + strings.Repeat("0a", 32)},
		{"api.image", "image: 111111111111.dkr.ecr.us-east-1.amazonaws.com/team/api:1.4"},
		{"network.cidr", "cidr: 10.0.0.0/23", "api.maxTasks", "maxTasks: 39"}, {"api.maxTasks", "maxTasks: 187"},
		{"database.maxCapacity", "maxCapacity: 2", "api.maxTasks", "maxTasks: 16"},
		{"maintenance.mode", "reservedConcurrency: 900"},
		{"alarmEmail", "alarmEmail: ops+alarms@fieldreports.example"}, {"alarmEmail", "alarmEmail: o'neill_x@mail.fieldreports.example"},
		{"maintenance.bypass.cidrs", "cidrs: [203.0.113.9/32, 12.0.0.0/8, 2001:db8::/32, 2002::/16]"},
		{"maintenance.bypass.cidrs", "cidrs: [11.0.0.0/8, 12.0.0.0/8, 13.0.0.0/8, 14.0.0.0/8, 2001:db8::/32]"},
		inRegion("us-east-1", "network.availabilityZones", "availabilityZones: [us-east-1d, us-east-1f]"), inRegion("ca-central-1", "network.availabilityZones", "availabilityZones: [ca-central-1a, ca-central-1d]"),
		{"maintenance.bypass.header", "header: Bypass-Token"}, {"maintenance.bypass.header", "header: X-" + strings.Repeat("a", 38)},
		{"maintenance.clients.header", "header: User-Agent"}, {"maintenance.clients.header", "header: X-Amzn"},
		{"maintenance.clients.values", "values: [Field Reports/1.0 (iOS)]"},
		{"maintenance.mode", "until: 2027-11-01T04:00:00+09:00"}, {"maintenance.mode", "reopen: 2026-11-27T12:04:00Z"}, {"maintenance.mode", "reopen: 2020-01-01T00:00:00Z"},
	} {
		t.Run(strings.Join(edits, " "), func(t *testing.T) {
			if _, _, problems := parseEnvironment("env.yaml", []byte(edited(t, edits...)), now); len(problems) > 0 {
				t.Error(problems)
			}
		})
	}
}

func TestReservedWords(t *testing.T) {
	words := strings.Fields(reservedWords)
	for i, word := range words {
		if !databaseNamePattern.MatchString(word) || slices.Contains(words[:i], word) {
			t.Errorf("%q is not a word, or there twice", word)
		}
	}
	if len(words) < 250 {
		t.Errorf("%d words, MySQL 8.0 reserves some 260", len(words))
	}
}

func TestPrefixLists(t *testing.T) {
	regions := map[string]string{}
	for region, id := range prefixLists {
		if id == "" {
			continue
		}
		if other, ok := regions[id]; ok || !prefixListPattern.MatchString(id) {
			t.Errorf("%s has %s, as %s has", region, id, other)
		}
		regions[id] = region
	}
	if len(regions) < 21 {
		t.Errorf("%d regions have a known list, want 21", len(regions))
	}
}

// TestPoolsFitTheDatabase checks that during a rolling deploy, and after a
// failover, with all pools full, a person can still connect.
func TestPoolsFitTheDatabase(t *testing.T) {
	for _, capacity := range []float64{1, 2, 4, 8, 16, 32, 256} {
		for _, readers := range []int{0, 1, 15} {
			for tasks := 1; tasks <= 16; tasks++ {
				e := Environment{Database: Database{MaxCapacity: capacity, Readers: readers}, API: API{MaxTasks: tasks}}
				hosts := 1 + min(1, readers)
				open := 2 * tasks * hosts * e.ConnectionsPerPool()
				if most := e.Database.MaxConnections(); open < 1 || open > most*3/4 || e.ConnectionsPerPool() < 1 {
					t.Errorf("%v ACU, %d readers, %d tasks: %d connections of %d", capacity, readers, tasks, open, most)
				}
			}
		}
	}
}

func TestMaxConnections(t *testing.T) {
	for capacity, want := range map[float64]int{1: 90, 2: 90, 4: 135, 7.5: 135, 8: 1000, 16: 2000, 32: 3000, 64: 4000, 128: 5000, 192: 6000, 256: 6000} {
		if got := (Database{MaxCapacity: capacity}).MaxConnections(); got != want {
			t.Errorf("%v ACU: got %d, want %d", capacity, got, want)
		}
	}
}
