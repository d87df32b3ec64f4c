package diff

import (
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/cfn"
)

// TestFates checks what happens to resources, to their data and to what refers to
// them, in the order in which it is shown.
func TestFates(t *testing.T) {
	const (
		cluster = "DatabaseB269D8BB"
		writer  = "DatabaseWriter7794273E"
		secret  = "MaintenanceBypassSecret14C09BE32"
		task    = "ApiTask011D0955"
	)
	tasks := []string{ // they get the cluster's address
		task + " replaced ContainerDefinitions refers to " + cluster + ", which is replaced",
		"DatabaseSetupTask289DFA6A replaced ContainerDefinitions refers to " + cluster + ", which is replaced",
	}
	for _, test := range []struct {
		name string
		edit func(resources map[string]any)
		want []string // logical id, fate and why, in order
	}{
		{"nothing", func(map[string]any) {}, nil},
		{"in place", func(r map[string]any) { at(r, cluster, "Properties")["BackupRetentionPeriod"] = 35 },
			[]string{cluster + " changed"}},
		{"a property that replaces, and what refers to it", func(r map[string]any) { at(r, cluster, "Properties")["StorageEncrypted"] = false },
			[]string{cluster + " replaced StorageEncrypted cannot be changed in place; the new one has none of its data; ITS DATA IS DELETED",
				writer + " replaced DBClusterIdentifier refers to " + cluster + ", which is replaced; its data is the cluster's", tasks[0], tasks[1]}},
		{"data first, then the rest", func(r map[string]any) {
			delete(r, "AlbSecurityGroup580F65A6")
			delete(r, secret)
			r["AnotherBucket"] = map[string]any{"Type": "AWS::S3::Bucket"}
			at(r, cluster, "Properties")["BackupRetentionPeriod"] = 35
			at(r, task, "Properties")["Cpu"] = "1024"
		}, []string{
			secret + " removed ITS DATA IS DELETED",
			"AlbSecurityGroup580F65A6 removed",
			task + " replaced Cpu cannot be changed in place",
			cluster + " changed",
			"AnotherBucket added",
		}},
		{"kept", func(r map[string]any) {
			at(r, cluster)["UpdateReplacePolicy"] = "Snapshot"
			at(r, cluster, "Properties")["KmsKeyId"] = "another"
			delete(r, writer)
		}, []string{writer + " removed its data is the cluster's", cluster + " replaced KmsKeyId cannot be changed in place; the new one has none of its data; a snapshot of the old one is kept", tasks[0], tasks[1]}},
		{"a type of which nothing is known", func(r map[string]any) {
			r["MaintenanceGuard"] = map[string]any{"Type": "Custom::Other", "Properties": map[string]any{"Mode": "false"}}
		}, []string{"MaintenanceGuard may be replaced CloudFormation refuses to change the type under one logical id"}},
		{"target group", func(r map[string]any) { at(r, "AppF1B96344", "Properties")["Port"] = 9090 },
			[]string{"AppF1B96344 replaced Port cannot be changed in place"}},
		{"listener rule", func(r map[string]any) { at(r, "MaintenanceAllow0F00D52BD", "Properties")["Priority"] = 150 },
			[]string{"MaintenanceAllow0F00D52BD changed"}},
		{"an attribute", func(r map[string]any) { at(r, cluster)["DeletionPolicy"] = "Retain" },
			[]string{cluster + " changed"}},
		{"construct paths only", func(r map[string]any) { delete(at(r, cluster), "Metadata") }, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := Compare(read(t, open), edited(t, open, test.edit))
			var got []string
			for _, r := range d.Resources {
				got = append(got, strings.TrimSpace(r.LogicalID+" "+string(r.Fate)+" "+r.Why))
			}
			if strings.Join(got, "\n") != strings.Join(test.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// TestProperties checks that a difference is shown by its smallest part, and
// references by what they name.
func TestProperties(t *testing.T) {
	ref := func(id string) any { return map[string]any{"Ref": id} }
	for _, test := range []struct {
		before, after any
		want          string
	}{
		{map[string]any{"A": 1.0, "B": "x"}, map[string]any{"A": 2.0, "B": "x"}, "A: 1 > 2"},
		{map[string]any{"A": []any{"x", map[string]any{"B": "y"}}}, map[string]any{"A": []any{"x", map[string]any{"B": "z"}}}, "A[1].B: y > z"},
		{map[string]any{"A": []any{"x"}}, map[string]any{"A": []any{"x", "y"}}, "A[1]:  > y"},
		{map[string]any{"A": ref("One")}, map[string]any{"A": ref("Two")}, "A: One > Two"},
		{map[string]any{"A": map[string]any{"Fn::GetAtt": []any{"One", "Arn"}}}, map[string]any{}, "A: One.Arn > "},
		{map[string]any{}, map[string]any{"A": map[string]any{"Fn::Join": []any{"", []any{"x-", ref("One")}}}}, "A:  > x-${One}"},
		{map[string]any{"A": map[string]any{"Fn::Sub": "x-${One}"}}, map[string]any{"A": true}, "A: x-${One} > true"},
		{map[string]any{"A": nil}, map[string]any{"A": nil}, ""},
	} {
		var got []string
		for _, p := range differences("", test.before, test.after) {
			got = append(got, p.Name+": "+p.Before+" > "+p.After)
		}
		if strings.Join(got, "; ") != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

// TestReferences checks what a value refers to, wherever the reference is.
func TestReferences(t *testing.T) {
	for _, test := range []struct {
		value any
		want  string
	}{
		{map[string]any{"Ref": "A"}, "A"},
		{map[string]any{"Fn::GetAtt": "A.Arn"}, "A"},
		{[]any{map[string]any{"Fn::GetAtt": []any{"A", "Arn"}}, "B"}, "A"},
		{map[string]any{"Fn::Sub": "x${A}y${B.Arn}z${"}, "A B "},
		{map[string]any{"Fn::Sub": []any{"${A}", map[string]any{"A": map[string]any{"Ref": "B"}}}}, "B A"},
		{map[string]any{"Fn::If": []any{"Cond", map[string]any{"Ref": "A"}, map[string]any{"Ref": "AWS::NoValue"}}}, "A AWS::NoValue"},
		{"A", ""},
	} {
		if got := strings.Join(cfn.References(test.value), " "); got != test.want {
			t.Errorf("%v refers to %q, want %q", test.value, got, test.want)
		}
	}
}

// TestWarnings checks that there is a warning for an allow pattern that moves to
// another rule, none for one that is appended, and one for a listener that moves.
func TestWarnings(t *testing.T) {
	values := func(r map[string]any, rule string, paths ...any) {
		at(at(r, rule, "Properties")["Conditions"].([]any)[1], "PathPatternConfig")["Values"] = paths
	}
	second := func(r map[string]any) {
		copied := map[string]any{}
		for key, value := range at(r, "MaintenanceAllow18DE93726", "Properties") {
			copied[key] = value
		}
		copied["Priority"] = 103
		copied["Conditions"] = []any{copied["Conditions"].([]any)[0], map[string]any{"Field": "path-pattern", "PathPatternConfig": map[string]any{"Values": []any{"/api/reports"}}}}
		r["MaintenanceAllow30123456"] = map[string]any{"Type": typeListenerRule, "Properties": copied}
	}
	for _, test := range []struct {
		name string
		edit func(resources map[string]any)
		want string // the prefix
	}{
		{"appended to a rule", func(r map[string]any) { values(r, "MaintenanceAllow0F00D52BD", "/api/login", "/api/logout") }, ""},
		{"moved to a new rule", func(r map[string]any) {
			second(r)
			values(r, "MaintenanceAllow18DE93726", "/api/templates", "/api/files/*", "/api/new")
		}, "for a moment, GET /api/reports may go to Maintenance, while it goes to App before and after: MaintenanceAllow18DE93726, MaintenanceAllow30123456 change one by one"},
		{"removed", func(r map[string]any) { values(r, "MaintenanceAllow18DE93726", "/api/templates", "/api/files/*") }, ""},
		{"another port", func(r map[string]any) { at(r, "AlbListener86261768", "Properties")["Port"] = 8080 }, "listener Alb/Listener HTTP 80 becomes Alb/Listener HTTP 8080"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := strings.Join(Compare(read(t, closed), edited(t, closed, test.edit)).warnings(), "\n")
			if (test.want == "") != (got == "") || !strings.HasPrefix(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
