package stacks

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/environment"
	"github.com/noren-cdk/noren/maintenance"
)

// text returns a value as the template has it.
func text(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

func TestNothingButTheServiceAndTheTasksReachesTheDatabase(t *testing.T) {
	for _, name := range environments {
		template := synthesized(t, name, maintenance.Open).template
		var sources []string
		for _, id := range template.ofType("AWS::EC2::SecurityGroupIngress") {
			if r := template.Resources[id]; strings.Contains(text(r.Properties["GroupId"]), "Database") {
				sources = append(sources, text(r.Properties["SourceSecurityGroupId"]))
			}
		}
		if len(sources) != 3 || !strings.Contains(strings.Join(sources, ""), "SchemaChangeSecurityGroup") || !strings.Contains(strings.Join(sources, ""), "ServiceSecurityGroup") || !strings.Contains(strings.Join(sources, ""), "DatabaseSetupSecurityGroup") {
			t.Errorf("%s: the database is reached from %q", name, sources)
		}
	}
}

func TestNoPasswordReachesAContainer(t *testing.T) {
	for _, name := range environments {
		template := synthesized(t, name, maintenance.Open).template
		for _, id := range template.ofType("AWS::ECS::TaskDefinition") {
			for _, container := range template.Resources[id].Properties["ContainerDefinitions"].([]any) {
				c := container.(map[string]any)
				if c["Secrets"] != nil || strings.Contains(strings.ToLower(text(c["Environment"])), "password") {
					t.Errorf("%s: %s is given a secret: %s", name, id, text(c))
				}
				if c["ReadonlyRootFilesystem"] != true {
					t.Errorf("%s: %s may write its root file system", name, id)
				}
			}
		}
		for _, id := range template.ofType("AWS::IAM::Policy") {
			reads := strings.Contains(text(template.Resources[id]), "secretsmanager:GetSecretValue")
			if want := strings.HasPrefix(id, "DatabaseSetupTaskTaskRole") || strings.HasPrefix(id, "MaintenanceUnlock"); reads != want {
				t.Errorf("%s: %s reads a secret: %v, want %v", name, id, reads, want)
			}
		}
	}
}

func TestTheApiIsNeverPublicWithoutEncryption(t *testing.T) {
	for _, name := range environments {
		env := loadEnvironment(t, name)
		template := synthesized(t, name, maintenance.Open).template
		public := template.only(t, "AWS::ElasticLoadBalancingV2::LoadBalancer").Properties["Scheme"] == "internet-facing"
		if want := env.API.Domain != ""; public != want {
			t.Errorf("%s: internet-facing: %v, want %v", name, public, want)
		}
		for _, id := range template.ofType("AWS::ElasticLoadBalancingV2::Listener") {
			listener := text(template.Resources[id].Properties)
			if public && strings.Contains(listener, `"Protocol":"HTTP"`) && !strings.Contains(listener, `"Type":"redirect"`) {
				t.Errorf("%s: %s serves HTTP to the internet", name, id)
			}
		}
		for _, id := range append(template.ofType("AWS::EC2::SecurityGroup"), template.ofType("AWS::EC2::SecurityGroupIngress")...) {
			properties := template.Resources[id].Properties
			ingress := text(properties["SecurityGroupIngress"]) + text(properties["CidrIp"])
			if open := strings.Contains(ingress, "0.0.0.0/0"); open && !public {
				t.Errorf("%s: %s admits the internet", name, id)
			}
		}
	}
}

func TestCloudFrontReachesTheApi(t *testing.T) {
	for name, want := range map[string]string{
		"dev":  "VpcOriginConfig",
		"prod": `"OriginProtocolPolicy":"https-only"`,
	} {
		config := synthesized(t, name, maintenance.Open).template.only(t, "AWS::CloudFront::Distribution").Properties["DistributionConfig"].(map[string]any)
		if !strings.Contains(text(config["Origins"]), want) {
			t.Errorf("%s: no origin with %s in %s", name, want, text(config["Origins"]))
		}
		behaviours := text(config["CacheBehaviors"])
		for _, part := range []string{`"PathPattern":"/api/*"`, `"POST"`, `"DELETE"`, "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "b689b0a8-53d0-40ab-baf2-68738e2966ac"} {
			if !strings.Contains(behaviours, part) { // the ids of CachingDisabled and AllViewerExceptHostHeader
				t.Errorf("%s: no %s in %s", name, part, behaviours)
			}
		}
		errors := text(config["CustomErrorResponses"])
		if strings.Contains(errors, "ResponsePagePath") || !strings.Contains(errors, `{"ErrorCachingMinTTL":0,"ErrorCode":503}`) {
			t.Errorf("%s: errors are cached or replaced: %s", name, errors)
		}
	}
}

func TestProdKeepsItsData(t *testing.T) {
	env := loadEnvironment(t, "prod")
	template := synthesized(t, "prod", maintenance.Open).template
	for _, resourceType := range []string{"AWS::RDS::DBCluster", "AWS::S3::Bucket"} {
		for _, id := range template.ofType(resourceType) {
			if got := template.Resources[id].DeletionPolicy; got != "RetainExceptOnCreate" {
				t.Errorf("%s: deletion policy %s, want RetainExceptOnCreate", id, got)
			}
		}
	}
	cluster := template.only(t, "AWS::RDS::DBCluster").Properties
	if cluster["DeletionProtection"] != true || cluster["StorageEncrypted"] != true || cluster["EnableIAMDatabaseAuthentication"] != true || cluster["ManageMasterUserPassword"] != nil {
		t.Errorf("cluster: %s", text(cluster))
	}
	if got := len(template.ofType("AWS::RDS::DBInstance")); got != 1+env.Database.Readers {
		t.Errorf("%d database instances, want a writer and %d readers", got, env.Database.Readers)
	}
	if got := len(template.ofType("AWS::EC2::NatGateway")); got != len(env.Network.AvailabilityZones) {
		t.Errorf("%d NAT gateways, want one in each of %v", got, env.Network.AvailabilityZones)
	}
	if !strings.Contains(text(template.only(t, "AWS::ElasticLoadBalancingV2::LoadBalancer")), `{"Key":"deletion_protection.enabled","Value":"true"}`) {
		t.Error("the load balancer is not protected")
	}
}

func TestTheDatabaseIsReadyForSchemaChanges(t *testing.T) {
	template := synthesized(t, "dev", maintenance.Open).template
	for resourceType, parameters := range map[string]map[string]string{
		"AWS::RDS::DBClusterParameterGroup": {
			"binlog_format": "ROW", "innodb_online_alter_log_max_size": "1073741824",
			"character_set_server": "utf8mb4", "require_secure_transport": "ON",
		},
		"AWS::RDS::DBParameterGroup": {"performance_schema": "1", "lock_wait_timeout": "60"},
	} {
		got := template.only(t, resourceType).Properties["Parameters"].(map[string]any)
		for name, value := range parameters {
			if got[name] != value {
				t.Errorf("%s: %s is %v, want %s", resourceType, name, got[name], value)
			}
		}
	}
}

// TestTheParameterGroupsFollowTheEngineVersion checks that, for another major
// version, the groups follow the version. RDS gets the instances' new group in
// the call that upgrades the cluster; instances have no version, with which
// CloudFormation would upgrade each one separately.
func TestTheParameterGroupsFollowTheEngineVersion(t *testing.T) {
	eightFour := loadEnvironment(t, "dev")
	eightFour.Database.EngineVersion, eightFour.Database.MajorUpgrade = "8.4.mysql_aurora.8.4.7", "8.4"
	upgraded, err := synth(eightFour, maintenance.Open)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name             string
		template         template
		version, family  string
		nameOfTheUpgrade any
	}{
		{"8.0", synthesized(t, "dev", maintenance.Open).template, "8.0.mysql_aurora.3.10.3", "aurora-mysql8.0", nil},
		{"8.4", upgraded.template, "8.4.mysql_aurora.8.4.7", "aurora-mysql8.4", "8.4"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, group := range []string{"AWS::RDS::DBClusterParameterGroup", "AWS::RDS::DBParameterGroup"} {
				if got := test.template.only(t, group).Properties["Family"]; got != test.family {
					t.Errorf("%s: family %v, want %s", group, got, test.family)
				}
			}
			cluster := test.template.only(t, "AWS::RDS::DBCluster")
			ref := fmt.Sprintf(`{"Ref":%q}`, test.template.ofType("AWS::RDS::DBParameterGroup")[0])
			if got := text(cluster.Properties["DBInstanceParameterGroupName"]); got != ref {
				t.Errorf("the cluster's group of instances is %s, want %s", got, ref)
			}
			if got := cluster.Properties["EngineVersion"]; got != test.version {
				t.Errorf("version %v, want %s", got, test.version)
			}
			if got := cluster.Metadata["noren:majorUpgrade"]; got != test.nameOfTheUpgrade {
				t.Errorf("the template names %v, want %v", got, test.nameOfTheUpgrade)
			}
			for _, id := range test.template.ofType("AWS::RDS::DBInstance") {
				instance := test.template.Resources[id].Properties
				if instance["EngineVersion"] != nil || text(instance["DBParameterGroupName"]) != ref {
					t.Errorf("%s: %s", id, text(instance))
				}
			}
		})
	}
}

func TestOutputsSayWhatAPersonNeedsNext(t *testing.T) {
	for _, name := range environments {
		outputs := synthesized(t, name, maintenance.Open).template.Outputs
		for _, id := range []string{"SiteUrl", "ClusterName", "ServiceName", "DatabaseSetupCommand", "EmergencyCloseCommand", "EmergencyOpenCommand"} {
			if _, ok := outputs[id]; !ok {
				t.Errorf("%s: no output %s", name, id)
			}
		}
		closing, opening := text(outputs["EmergencyCloseCommand"].Value), text(outputs["EmergencyOpenCommand"].Value)
		env := loadEnvironment(t, name)
		where := fmt.Sprintf(" --now --stack %s --region %s --switch Maintenance", env.StackName, env.Region)
		if closing != fmt.Sprintf("%q", "noren close"+where) || opening != fmt.Sprintf("%q", "noren open"+where) {
			t.Errorf("%s: emergency commands %s and %s", name, closing, opening)
		}
	}
	env := loadEnvironment(t, "prod")
	env.HostedZone = environment.HostedZone{}
	a, err := synth(env, maintenance.Open)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"ApiRecord", "SiteRecord"} {
		if _, ok := a.template.Outputs[id]; !ok {
			t.Errorf("without a hosted zone there is no output %s", id)
		}
	}
}

func TestTheServiceDeploysWithoutAGap(t *testing.T) {
	service := synthesized(t, "prod", maintenance.Open).template.only(t, "AWS::ECS::Service")
	deployment := service.Properties["DeploymentConfiguration"].(map[string]any)
	if got := fmt.Sprint(deployment["MinimumHealthyPercent"], deployment["MaximumPercent"], text(deployment["DeploymentCircuitBreaker"])); got != `100 200{"Enable":true,"Rollback":true}` {
		t.Errorf("deployment: %s", got)
	}
	if service.Properties["DesiredCount"] != nil {
		t.Error("a deploy sets the number of tasks, against what scaling decided")
	}
	if !strings.Contains(text(service.DependsOn), "AlbListener") {
		t.Error("the service does not wait for its listener")
	}
}

func TestNoWarningIsLeft(t *testing.T) {
	for _, name := range environments {
		for _, mode := range []maintenance.Mode{maintenance.Open, maintenance.Closed} {
			messages := slices.DeleteFunc(slices.Clone(synthesized(t, name, mode).messages), func(m string) bool { return m == "" })
			for _, message := range messages {
				t.Errorf("%s, maintenance=%v: %s", name, mode, message)
			}
		}
	}
}

func TestAnImageInEcrMayBePulled(t *testing.T) {
	for image, want := range map[string]string{
		"111111111111.dkr.ecr.us-east-1.amazonaws.com/team/api:1.4":                                        "repository/team/api",
		"111111111111.dkr.ecr.us-east-1.amazonaws.com/api@sha256:" + strings.Repeat("0123456789abcdef", 4): "repository/api",
	} {
		env := loadEnvironment(t, "dev")
		env.API.Image = image
		a, err := synth(env, maintenance.Open)
		if err != nil {
			t.Fatal(err)
		}
		pulls := 0
		for _, id := range a.template.ofType("AWS::IAM::Policy") {
			policy := text(a.template.Resources[id])
			if strings.Contains(policy, "ecr:BatchGetImage") && strings.Contains(policy, want) && strings.Contains(policy, "ecr:GetAuthorizationToken") {
				pulls++
			}
		}
		if pulls != 2 {
			t.Errorf("%s: %d roles may pull it, want those of the service and the setup task", image, pulls)
		}
		if _, tag, _ := strings.Cut(image, "/"); !strings.Contains(text(a.template), tag) {
			t.Errorf("%s is not what the tasks run", image)
		}
		for _, message := range a.messages {
			t.Error(message)
		}
	}
}
