// Package iampolicy evaluates IAM policies, for tests: whether the policies of an
// identity allow a call.
//
// It supports what this module's policies use and fails for anything else, so
// that an unknown condition is not silently allowed.
package iampolicy

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Call is a call of the AWS API.
type Call struct {
	// Action is the action, such as "s3:PutObject".
	Action string

	// Resource is the ARN, "*" for actions without resource-level permissions.
	Resource string

	// Context are the condition keys of the call, such as
	// "cloudformation:RoleArn". Keys that are missing here are absent from the
	// call.
	Context map[string]string
}

// Allows reports whether the policies, each a JSON document, allow the call: a
// statement allows it and none denies it.
func Allows(call Call, policies ...[]byte) (bool, error) {
	allowed := false
	for _, data := range policies {
		var document struct {
			Version   string
			Statement []statement
		}
		d := json.NewDecoder(strings.NewReader(string(data)))
		d.DisallowUnknownFields()
		if err := d.Decode(&document); err != nil {
			return false, fmt.Errorf("reading the policy %s: %w", data, err)
		}
		if document.Version != "2012-10-17" {
			return false, fmt.Errorf("version %q: want 2012-10-17", document.Version)
		}
		for _, s := range document.Statement {
			applies, err := s.applies(call)
			switch {
			case err != nil:
				return false, err
			case applies && s.Effect == "Deny":
				return false, nil
			case applies && s.Effect == "Allow":
				allowed = true
			case applies:
				return false, fmt.Errorf("unknown effect %q", s.Effect)
			}
		}
	}
	return allowed, nil
}

type statement struct {
	Sid, Effect string
	Action      list
	Resource    list
	Condition   map[string]map[string]list
}

// list is a text or a list of texts.
type list []string

// UnmarshalJSON implements json.Unmarshaler.
func (l *list) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*l = list{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(l))
}

func (s statement) applies(call Call) (bool, error) {
	if len(s.Action) == 0 || len(s.Resource) == 0 {
		return false, fmt.Errorf("statement %q has no Action or no Resource", s.Sid)
	}
	if !s.Action.match(strings.ToLower(call.Action), true) || !s.Resource.match(call.Resource, false) {
		return false, nil
	}
	for operator, keys := range s.Condition {
		for key, values := range keys {
			got, there := call.Context[key]
			var holds bool
			switch operator {
			case "StringEquals":
				for _, v := range values {
					holds = holds || there && v == got
				}
			case "StringLike", "ArnLike":
				holds = there && values.match(got, false)
			case "Null":
				holds = len(values) == 1 && (values[0] == "true") == !there
			default:
				return false, fmt.Errorf("unknown condition %s", operator)
			}
			if !holds {
				return false, nil
			}
		}
	}
	return true, nil
}

// match reports whether one of the patterns, which may contain * and ?, matches.
func (l list) match(text string, fold bool) bool {
	for _, pattern := range l {
		if fold {
			pattern = strings.ToLower(pattern)
		}
		expression := regexp.QuoteMeta(pattern)
		expression = strings.ReplaceAll(strings.ReplaceAll(expression, `\*`, ".*"), `\?`, ".")
		if regexp.MustCompile("(?s)^" + expression + "$").MatchString(text) {
			return true
		}
	}
	return false
}
