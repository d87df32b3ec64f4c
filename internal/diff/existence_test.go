package diff

import (
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/cfn"
)

// TestExistence checks that a resource whose condition no longer holds is
// deleted, with its data, although it is in both templates.
func TestExistence(t *testing.T) {
	const (
		holds   = `"Here": {"Fn::Equals": [{"Ref": "Db"}, "yes"]}`
		unknown = `"Here": {"Fn::Equals": [{"Ref": "AWS::AccountId"}, "1"]}`
	)
	template := func(defaultValue, condition, attributes string) string {
		return `{"Parameters": {"Db": {"Type": "String", "Default": "` + defaultValue + `"}}, "Conditions": {` + condition + `},
			"Resources": {"T": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "t"}` + attributes + `}, "Topic": {"Type": "AWS::SNS::Topic"}}}`
	}
	const under = `, "Condition": "Here"`
	given := func(value string) map[string]string { return map[string]string{"Db": value} }
	for _, test := range []struct {
		name         string
		before       string
		after        string
		was, is      map[string]string // parameters
		want, rights string
	}{
		{"the same", template("yes", holds, under), template("yes", holds, under), nil, nil, "", ""},
		{"another default", template("yes", holds, under), template("no", holds, under), nil, nil, "T removed its condition Here does not hold any more; ITS DATA IS DELETED", ""},
		{"a value that is given", template("yes", holds, under), template("yes", holds, under), given("yes"), given("no"), "T removed its condition Here does not hold any more; ITS DATA IS DELETED", ""},
		{"the other way", template("no", holds, under), template("yes", holds, under), nil, nil, "T added", ""},
		{"the policy of what is deployed counts", template("yes", holds, under+`, "DeletionPolicy": "Retain"`), template("no", holds, under+`, "DeletionPolicy": "Delete"`), nil, nil,
			"T removed its condition Here does not hold any more; the old one is kept, outside the stack", "-T: DeletionPolicy Retain (when Here, which is {\"Fn::Equals\":[\"${Db (yes by default)}\",\"yes\"]})"},
		{"a condition that does not hold is new", template("no", holds, ""), template("no", holds, under), nil, nil, "T removed its condition Here does not hold any more; ITS DATA IS DELETED", ""},
		{"a condition that only a deploy knows is new", template("no", unknown, ""), template("no", unknown, under), nil, nil, "T may be removed its condition Here may not hold; ITS DATA IS DELETED", ""},
		{"a condition goes", template("no", unknown, under), template("no", unknown, ""), nil, nil, "T changed", ""},
		{"neither makes it", template("no", holds, under), template("no", holds, under+`, "Metadata": {"a": "b"}`), nil, nil, "T changed", ""},
		{"what replaces it, too", template("no", unknown, ""), strings.Replace(template("no", unknown, under), `"TableName": "t"`, `"TableName": "u"`, 1), nil, nil,
			"T replaced TableName cannot be changed in place; its condition Here may not hold; ITS DATA IS DELETED; the new one has none of its data; ITS DATA IS DELETED", ""},
		{"a note of CDK takes the place of a table", template("no", holds, ""), strings.Replace(template("no", holds, ""), "AWS::DynamoDB::Table", "AWS::CDK::Metadata", 1), nil, nil,
			"T may be replaced CloudFormation refuses to change the type under one logical id; ITS DATA IS DELETED", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			read := func(text string, parameters map[string]string) Template {
				template, err := Read([]byte(text), cfn.Options{Parameters: parameters})
				if err != nil {
					t.Fatal(err)
				}
				return template
			}
			d := Compare(read(test.before, test.was), read(test.after, test.is))
			var got, rights []string
			for _, r := range d.Resources {
				got = append(got, strings.TrimSpace(r.LogicalID+" "+string(r.Fate)+" "+r.Why))
			}
			for _, r := range d.Rights {
				rights = append(rights, "-"+r.Before+r.After)
			}
			if text := strings.Join(got, "\n"); text != test.want {
				t.Errorf("got\n%s\nwant\n%s", text, test.want)
			}
			if text := strings.Join(rights, "\n"); text != test.rights {
				t.Errorf("rights: got\n%s\nwant\n%s", text, test.rights)
			}
		})
	}
}
