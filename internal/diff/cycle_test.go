package diff

import (
	"fmt"
	"slices"
	"testing"

	"github.com/noren-cdk/noren/internal/cfn"
)

func TestCycle(t *testing.T) {
	for _, test := range []struct {
		name, guard, listener string
		want                  []string
	}{
		{"none", `"Properties": {"Port": "443", "Alb": {"Ref": "Alb"}}`, `"DependsOn": ["Guard", "Alb"]`, nil},
		{"by a reference and a dependency", `"Properties": {"Arn": {"Ref": "Listener"}}`, `"DependsOn": ["Guard"]`, []string{"Guard", "Listener"}},
		{"by an attribute deep inside and a text", `"Properties": {"A": [{"Fn::Join": ["", [{"Fn::GetAtt": ["Listener", "Arn"]}]]}]}`, `"Properties": {"B": {"Fn::Sub": "x-${Guard.Summary}"}}`, []string{"Guard", "Listener"}},
		{"of itself", `"DependsOn": "Guard"`, `"DependsOn": "Alb"`, []string{"Guard"}},
		{"a parameter and a pseudo parameter", `"Properties": {"A": {"Ref": "AWS::StackId"}, "B": {"Ref": "Version"}}`, `"DependsOn": "Guard"`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			template, err := Read(fmt.Appendf(nil, `{"Resources": {"Alb": {"Type": "A"}, "Guard": {"Type": "B", %s}, "Listener": {"Type": "C", %s}}}`, test.guard, test.listener), cfn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := template.Cycle(); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
