package cfn

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestResources(t *testing.T) {
	const template = `{
		"Parameters": {"Memory": {"Type": "Number", "Default": 128}},
		"Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
		"Resources": {
			"Function": {"Type": "AWS::Lambda::Function", "Metadata": {"aws:cdk:path": "app/Function"}, "Properties": {
				"MemorySize": {"Ref": "Memory"},
				"Timeout": 3,
				"Environment": {"Variables": {"SECRET_ARN": {"Ref": "Secret"}, "SITE": {"Fn::GetAtt": ["Site", "DomainName"]}, "ON": true}}
			}},
			"Gone": {"Type": "AWS::Lambda::Function", "Condition": "Never"},
			"Other": {"Type": "AWS::S3::Bucket", "Properties": 1},
			"Secret": {"Type": "AWS::SecretsManager::Secret"}
		}
	}`
	options := Options{Reveal: func(name string) (string, bool) { return "arn:secret", name == "${Secret}" }}
	got, err := Resources(strings.NewReader(template), options, "AWS::Lambda::Function")
	if err != nil {
		t.Fatal(err)
	}
	want := []Resource{{
		LogicalID: "Function", Type: "AWS::Lambda::Function", Path: "app/Function",
		Properties: map[string]any{
			"MemorySize": "128",
			"Timeout":    "3",
			"Environment": map[string]any{"Variables": map[string]any{
				"SECRET_ARN": "arn:secret", "SITE": Opaque("Site.DomainName"), "ON": "true",
			}},
		},
	}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Resource{})); diff != "" {
		t.Error(diff)
	}
}

func TestResourcesThatCannotBeRead(t *testing.T) {
	for template, want := range map[string]string{
		`{"Resources": {"F": {"Type": "T", "Properties": []}}}`:                       `resource "F": want an object as Properties, got a list`,
		`{"Resources": {"F": {"Type": "T", "Properties": {"A": {"Fn::Join": [1]}}}}}`: `resource "F": A: Fn::Join: want a list of 2 arguments`,
		`{"Resources": {"F": {"Type": "T", "Condition": "No"}}}`:                      `resource "F": Condition: the template has no condition "No"`,
	} {
		if _, err := Resources(strings.NewReader(template), Options{}, "T"); err == nil || err.Error() != want {
			t.Errorf("%s: got error %v, want %s", template, err, want)
		}
	}
}

func TestAttribute(t *testing.T) {
	for _, tt := range []struct {
		text, id, attribute string
		ok                  bool
	}{
		{Opaque("Site"), "Site", "", true},
		{Opaque("Db.Endpoint.Address"), "Db", "Endpoint.Address", true},
		{Opaque("Site") + "/x", "", "", false},
		{"example.com", "", "", false},
	} {
		id, attribute, ok := Attribute(tt.text)
		if id != tt.id || attribute != tt.attribute || ok != tt.ok {
			t.Errorf("Attribute(%q) = %q, %q, %v; want %q, %q, %v", tt.text, id, attribute, ok, tt.id, tt.attribute, tt.ok)
		}
	}
}
