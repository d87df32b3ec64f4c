package maintenancemode

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/internal/term"
	"github.com/noren-cdk/noren/maintenance"
)

// flagNames are the flags of a switch.
var flagNames = []string{"maintenance", "maintenance-message", "maintenance-until", "maintenance-guard"}

// flagOfSwitch matches the flags of a switch that has a name.
var flagOfSwitch = regexp.MustCompile("^.+-(" + strings.Join(flagNames, "|") + ")$")

// flagsRead marks, on the root of an app, the keys that are read.
const flagsRead = "noren:flags"

// watchFlags records that the flags with a prefix are read, and returns their
// keys. The first call for an app arranges for all keys to be checked at
// synthesis.
func watchFlags(scope constructs.Construct, prefix string) []string {
	root := scope.Node().Root()
	var keys []string
	for _, name := range flagNames {
		keys = append(keys, prefix+name)
	}
	if len(keysRead(root)) == 0 {
		root.Node().AddValidation(&flagKeys{root})
	}
	for _, key := range keys {
		root.Node().AddMetadata(jsii.String(flagsRead), key, nil)
	}
	return keys
}

// keysRead returns the keys that the switches of an app have read.
func keysRead(root constructs.IConstruct) []string {
	var keys []string
	for _, entry := range *root.Node().Metadata() {
		if key, ok := entry.Data.(string); ok && *entry.Type == flagsRead {
			keys = append(keys, key)
		}
	}
	return keys
}

func contextOf(scope constructs.IConstruct) map[string]any {
	context, _ := scope.Node().GetAllContext(nil).(map[string]any)
	return context
}

// near returns the known key that the given key is a misspelling of. A misspelt
// -c maintenance=true would open the product instead of closing it.
func near(key string, keys []string) string {
	if slices.Contains(keys, key) {
		return ""
	}
	for _, read := range keys {
		if term.Edits(key, read) <= 2 {
			return read
		}
	}
	return ""
}

func unknownKey(key string, keys []string) error {
	want := strings.Join(keys, ", ")
	if at := strings.LastIndex(want, ", "); at >= 0 {
		want = want[:at] + " or " + want[at+2:]
	}
	return fmt.Errorf("unknown context key %q: want %s", key, want)
}

// flagKeys checks the other keys of the context after all switches have read
// their flags.
type flagKeys struct{ root constructs.IConstruct }

// Validate implements constructs.IValidation.
func (f *flagKeys) Validate() *[]*string {
	read := keysRead(f.root)
	var problems []*string
	context := contextOf(f.root)
	for _, key := range slices.Sorted(maps.Keys(context)) {
		lower := strings.ToLower(key)
		_, err := maintenance.ParseFlag(context[key])
		switch {
		case slices.Contains(read, key):
		case near(key, read) != "":
			problems = append(problems, jsii.String(unknownKey(key, read).Error()))
		case err == nil && (strings.HasPrefix(lower, "maintenance") || strings.HasSuffix(lower, "maintenance")):
			f.note(fmt.Sprintf("no switch reads %s=%v: read are %s", key, context[key], strings.Join(read, ", ")))
		}
	}
	return &problems
}

// note adds a note to every top-level stack, which the CDK CLI shows. It is not a
// warning, since --strict turns warnings into errors.
func (f *flagKeys) note(text string) {
	for _, node := range *f.root.Node().FindAll("") {
		if stack, ok := node.(awscdk.Stack); ok && stack.NestedStackParent() == nil {
			awscdk.Annotations_Of(stack).AddInfo(&text)
		}
	}
}
