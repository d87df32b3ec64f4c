//go:build judges

package lint

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/diff"
)

// securityChanges is what cloudformation-diff calls relevant for security.
type securityChanges struct {
	Statements []struct {
		Value struct {
			Sid, Effect                    string
			Resources, Actions, Principals targets
			Condition                      any
		}
	}
	Policies []struct {
		Value struct{ IdentityArn, ManagedPolicyArn string }
	}
	SSO   []map[string]any
	Rules []struct {
		GroupID    string `json:"groupId"`
		IPProtocol string `json:"ipProtocol"`
		FromPort   *int
		ToPort     *int
		Peer       map[string]string
	}
}

type targets struct {
	Not    bool
	Values []string
}

// TestDiff_SaysWhatCDKSays checks, over 500 generated pairs of templates, that
// noren diff reports every change that AWS's own comparison calls relevant for
// security.
func TestDiff_SaysWhatCDKSays(t *testing.T) {
	const pairs = 500
	r := rand.New(rand.NewPCG(1, 2))
	var input bytes.Buffer
	var drawn [pairs][2][]byte
	for i := range drawn {
		var parts [2]map[string]any
		parts[0] = drawSecurity(r)
		parts[1] = changeSecurity(r, parts[0])
		for j, resources := range parts {
			data, err := json.Marshal(map[string]any{"Resources": resources})
			if err != nil {
				t.Fatal(err)
			}
			drawn[i][j] = data
		}
		fmt.Fprintf(&input, "[%s,%s]\n", drawn[i][0], drawn[i][1])
	}
	cmd := exec.Command("node", "test/lint/securitychanges.js")
	cmd.Stdin = &input
	said := bufio.NewScanner(bytes.NewReader(output(t, cmd, 0)))
	said.Buffer(nil, 16<<20)
	compared := map[string]int{}
	for i := range drawn {
		if !said.Scan() {
			t.Fatalf("cloudformation-diff compared %d pairs, want %d", i, pairs)
		}
		var want struct{ Added, Removed securityChanges }
		if err := json.Unmarshal(said.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		var templates [2]diff.Template
		for j, data := range drawn[i] {
			var err error
			if templates[j], err = diff.Read(data, cfn.Options{}); err != nil {
				t.Fatal(err)
			}
		}
		rights := diff.Compare(templates[0], templates[1]).Rights
		for _, side := range []struct {
			name string
			want securityChanges
			text func(diff.Right) string
		}{
			{"added", want.Added, func(r diff.Right) string { return r.After }},
			{"removed", want.Removed, func(r diff.Right) string { return r.Before }},
		} {
			for _, words := range side.want.words(compared) {
				if !slices.ContainsFunc(rights, func(r diff.Right) bool {
					text := r.LogicalID + " " + side.text(r)
					return side.text(r) != "" && !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(plain(text), plain(word)) })
				}) {
					t.Fatalf("%s, by cloudformation-diff: %q, which noren does not say:\n%+v\n%s\n%s", side.name, words, rights, drawn[i][0], drawn[i][1])
				}
			}
		}
	}
	t.Logf("%d pairs: %v", pairs, compared)
	for _, kind := range []string{"statements", "managed policies", "assignments", "rules"} {
		if compared[kind] < 50 {
			t.Errorf("%d %s were compared, want 50", compared[kind], kind)
		}
	}
}

// plain returns a text without the marks with which the two show references.
func plain(text string) string {
	return strings.NewReplacer("${", "", "}", "", ".GroupId", "", ".Arn", "", " ", "", `"`, "").Replace(text)
}

// words returns the texts that the report must contain for each change.
func (c securityChanges) words(count map[string]int) [][]string {
	var all [][]string
	for _, s := range c.Statements {
		count["statements"]++
		words := append([]string{s.Value.Effect}, s.Value.Actions.Values...)
		for _, resource := range s.Value.Resources.Values {
			if resource != "???" { // a change that it does not know
				words = append(words, resource)
			}
		}
		for _, p := range s.Value.Principals.Values {
			kind, name, _ := strings.Cut(p, ":") // such as AWS:arn, Service:ecs.amazonaws.com
			if account, ok := strings.CutPrefix(name, "arn:aws:iam::"); ok {
				name = strings.TrimSuffix(account, ":root") // the account alone means the same
			}
			words = append(words, name)
			if kind == "Service" {
				words = append(words, kind)
			}
		}
		words = append(words, leaves(s.Value.Condition)...)
		all = append(all, words)
	}
	for _, p := range c.Policies {
		count["managed policies"]++
		all = append(all, []string{p.Value.IdentityArn, p.Value.ManagedPolicyArn})
	}
	for _, s := range c.SSO {
		count["assignments"]++
		words := []string{fmt.Sprint(s["cfnLogicalId"])}
		for _, value := range s {
			if s["name"] != nil {
				break // a permission set is reported by its changes
			}
			if text, ok := value.(string); ok {
				words = append(words, text)
			}
		}
		all = append(all, words)
	}
	for _, r := range c.Rules {
		count["rules"]++
		words := []string{r.GroupID}
		if r.IPProtocol == "-1" {
			words = append(words, "all protocols")
		} else {
			words = append(words, r.IPProtocol, fmt.Sprint(*r.FromPort), fmt.Sprint(*r.ToPort))
		}
		for key, value := range r.Peer {
			if key != "kind" {
				words = append(words, value)
			}
		}
		all = append(all, words)
	}
	return all
}

// leaves returns the texts in a value, and the operators of conditions.
func leaves(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{v}
	case map[string]any:
		var all []string
		for key, inner := range v {
			if strings.HasPrefix(key, "String") {
				all = append(all, key)
			}
			all = append(all, leaves(inner)...)
		}
		return all
	}
	return nil
}
