package diff

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	gmtext "github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/noren-cdk/noren/internal/cfn"
)

// manyResources returns a template with more resources than a comment can name.
func manyResources(t *testing.T, n int) Template {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"Queue%d": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "é|%d%s"}},`, i, i, strings.Repeat("x", 100))
	}
	template, err := Read([]byte(`{"Resources": {`+strings.TrimSuffix(b.String(), ",")+`}}`), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return template
}

// TestMarkdownFitsAComment checks that a long comment is shortened by whole
// lines, that these are counted, and that no fold is left open.
func TestMarkdownFitsAComment(t *testing.T) {
	for _, n := range []int{1, 100, 300, 800, 3000} {
		for _, pair := range [][2]Template{
			{Nothing(), manyResources(t, n)}, // added, in a fold
			{manyResources(t, n), Nothing()}, // data lost, unfolded
		} {
			text := Markdown([]Pair{{"shop.template.json", Compare(pair[0], pair[1])}}, "", "https://example.com/a(b)")
			length := len([]rune(text))
			if length >= mostMarkdown {
				t.Errorf("%d resources: %d characters, want less than %d", n, length, mostMarkdown)
			}
			cut := strings.Contains(text, "Left out: ")
			named := strings.Count(text, "\n- `Queue")
			if named < n && !cut {
				t.Errorf("%d resources, %d named, cut: %v", n, named, cut)
			}
			if cut && !strings.Contains(text, "[in the artifact](https://example.com/a%28b%29)") {
				t.Errorf("%d resources: no link to all of it", n)
			}
			if strings.Count(text, "<details>") != strings.Count(text, "</details>") {
				t.Errorf("%d resources: %d folds open, %d close", n, strings.Count(text, "<details>"), strings.Count(text, "</details>"))
			}
		}
	}
}

// TestMarkdown_LeavesOutInOrder checks that rights, lost data and changes for
// clients stay, and that the least important lines are left out.
func TestMarkdown_LeavesOutInOrder(t *testing.T) {
	var old, next strings.Builder
	for i := range 300 {
		fmt.Fprintf(&old, `"Topic%d": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "a %s"}},`, i, strings.Repeat("x", 100))
		fmt.Fprintf(&next, `"Topic%d": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "b %s"}}, "New%d": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "%s"}},`, i, strings.Repeat("y", 100), i, strings.Repeat("z", 300))
		fmt.Fprintf(&next, `"Policy%d": {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}, "Roles": ["r%d"]}},`, i, i)
	}
	old.WriteString(`"Lost": {"Type": "AWS::S3::Bucket"}`)
	next.WriteString(`"Last": {"Type": "AWS::SNS::Topic"}`)
	text := Markdown([]Pair{{"shop.template.json", Compare(templateOf(t, old.String()), templateOf(t, next.String()))}}, "", "")
	if n := strings.Count(text, "+ r"); n != 300 {
		t.Errorf("%d rights are named, want all 300", n)
	}
	for _, want := range []string{"`Lost` (`AWS::S3::Bucket`) **removed, HOLDS DATA**", "**Clients:**", "parts of resources that are added or removed"} {
		if !strings.Contains(text, want) {
			t.Errorf("does not say %q", want)
		}
	}
	if strings.Count(text, "DisplayName: +") > 0 && strings.Contains(text, "parts of resources that change") {
		t.Error("properties that change are left out before those of resources that are added")
	}
	if len([]rune(text)) >= mostMarkdown {
		t.Errorf("%d characters", len([]rune(text)))
	}
}

// TestMarkdown_MoreRightsThanFit checks that wildcard rights come first, and that
// neither lost data nor changes for clients are left out in favour of the rest.
func TestMarkdown_MoreRightsThanFit(t *testing.T) {
	var next strings.Builder
	for i := range 400 {
		fmt.Fprintf(&next, `"P%d": {"Type": "AWS::SNS::TopicPolicy", "Properties": {"PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "%s", "Resource": "*"}]}}},`, i, strings.Repeat("x", 200))
	}
	next.WriteString(`"Z": {"Type": "AWS::SNS::TopicPolicy", "Properties": {"PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}}`)
	text := Markdown([]Pair{{"shop.template.json", Compare(templateOf(t, `"Lost": {"Type": "AWS::S3::Bucket"}`), templateOf(t, next.String()))}}, "", "")
	for _, want := range []string{"```diff\n+ Z (PolicyDocument): Allow * on *\n", "`Lost` (`AWS::S3::Bucket`) **removed, HOLDS DATA**", "**Clients:**", "lines OF RIGHTS, REACH AND PROTECTION: READ WHAT IS LEFT OUT BEFORE YOU APPROVE"} {
		if !strings.Contains(text, want) {
			t.Errorf("does not say %q", want)
		}
	}
	if len([]rune(text)) >= mostMarkdown {
		t.Errorf("%d characters", len([]rune(text)))
	}
}

// TestMarkdown_OneBoxForEachKind checks that a large diff has one list for what
// is lost, and one for each way in which the deploy goes wrong, instead of a box
// for each.
func TestMarkdown_OneBoxForEachKind(t *testing.T) {
	var old, next strings.Builder
	rule := func(to *strings.Builder, id string, priority int) {
		fmt.Fprintf(to, `%q: {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"ListenerArn": "l", "Priority": %d, "Actions": [], "Conditions": []}},`, id, priority)
	}
	for i := range 40 {
		fmt.Fprintf(&old, `"Lost%d": {"Type": "AWS::SQS::Queue"},`, i)
		rule(&old, fmt.Sprintf("Old%d", i), i+1)
		rule(&next, fmt.Sprintf("New%d", i), i+1)
	}
	old.WriteString(`"Last": {"Type": "AWS::SNS::Topic"}`)
	next.WriteString(`"Last": {"Type": "AWS::SNS::Topic"}`)
	text := Markdown([]Pair{{"shop.template.json", Compare(templateOf(t, old.String()), templateOf(t, next.String()))}}, "", "")
	for want, n := range map[string]int{
		"> [!CAUTION]\n> 40 resources that hold data:\n> - `Lost0` (`AWS::SQS::Queue`) **removed": 1, "[!CAUTION]": 1, "> - `Lost": 40,
		"> [!WARNING]\n> This deploy fails:\n> - New0 wants priority 1 of l\\, which Old0 has until it is deleted": 1, "which Old": 40,
	} {
		if got := strings.Count(text, want); got != n {
			t.Errorf("%q comes %d times, want %d, in\n%.1500s", want, got, n, text)
		}
	}
	one := Markdown([]Pair{{"shop.template.json", Compare(templateOf(t, `"Lost": {"Type": "AWS::SQS::Queue"}`), templateOf(t, ""))}}, "", "")
	if want := "> [!CAUTION]\n> `Lost` (`AWS::SQS::Queue`) **removed, HOLDS DATA**: `ITS DATA IS DELETED`\n\n"; !strings.Contains(one, want) {
		t.Errorf("no %q in\n%s", want, one)
	}
}

// templateOf returns a template of resources.
func templateOf(t testing.TB, resources string) Template {
	t.Helper()
	template, err := Read([]byte(`{"Resources": {`+resources+`}}`), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return template
}

// FuzzMarkdown checks that nothing in a template is read as Markdown or HTML,
// wherever it occurs.
func FuzzMarkdown(f *testing.F) {
	for _, text := range []string{
		"x", "@team", "[x](http://evil.example)", "</details>", "AWS::SNS::Topic: **changed**\n\n</details>\n\n**Clients:** ok. Reviewed by @octocat, [details](https://evil.example)\n\n<details>",
		"`", "```", "``` `` `", "a|b", "# h", "\n# h", "https://evil.example www.evil.example", "x@evil.example", "#12 GH-1", "![i](http://e)", "<a href=x>", "\u202etxt", "\x1b[31m", "&lt;b&gt;", "- [ ] x", "\\", "\\`", "~~~", "$x$", " ", "[^1]", "```diff", "\r\n\r\nx",
	} {
		f.Add(text)
	}
	parser := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser()
	f.Fuzz(func(t *testing.T, hostile string) {
		quoted, err := json.Marshal(hostile)
		if err != nil {
			t.Fatal(err) // any text can be encoded as JSON
		}
		q := string(quoted)
		// Try the places in turn, so that no place hides the effect of another.
		for _, resources := range [][2]string{
			{`"A": {"Type": "AWS::SNS::Topic"}`, `"A": {"Type": ` + q + `, "Properties": {"P": 1}}`},
			{``, q + `: {"Type": "AWS::SNS::Topic", "Properties": {"P": ` + q + `}}`},
			{q + `: {"Type": "AWS::S3::Bucket"}`, ``},
			{`"A": {"Type": "AWS::SNS::Topic", "Properties": {}}`, `"A": {"Type": "AWS::SNS::Topic", "Properties": {` + q + `: ` + q + `}}`},
			{``, `"A": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": [{"Sid": ` + q + `, "Effect": ` + q + `, "Action": ` + q + `, "Principal": {` + q + `: ` + q + `}, "Condition": {` + q + `: 1}}]}}}`},
			{`"L": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {"LoadBalancerArn": "arn", "Port": 80, "Protocol": "HTTP", "DefaultActions": [{"Type": "forward", "TargetGroupArn": "g"}]}}`,
				`"L": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Metadata": {"aws:cdk:path": ` + q + `}, "Properties": {"LoadBalancerArn": "arn", "Port": 80, "Protocol": "HTTP", "DefaultActions": [{"Type": "forward", "TargetGroupArn": ` + q + `}]}}`},
		} {
			old, err := Read([]byte(`{"Resources": {`+resources[0]+`}}`), cfn.Options{})
			if err != nil {
				continue
			}
			next, err := Read([]byte(`{"Resources": {`+resources[1]+`}, "Description": `+q+`}`), cfn.Options{})
			if err != nil {
				continue
			}
			text := Markdown([]Pair{{hostile, Compare(old, next)}}, "", "")
			if err := inert(parser, text); err != nil {
				t.Fatalf("%q writes into the comment: %v\n%s", hostile, err, text)
			}
		}
	})
}

// mention matches what GitHub turns into a link.
var mention = regexp.MustCompile(`(^|[^\w\x60])@[\w-]|(^|\W)#\d|\bGH-\d|https?://|www\.`)

// inert reports what our comments must not contain.
func inert(p parser.Parser, text string) error {
	source := []byte(text)
	var problem error
	texts := ""
	flush := func() {
		if found := mention.FindString(texts); found != "" {
			problem = fmt.Errorf("%q is a mention or an address", found)
		}
		texts = ""
	}
	err := ast.Walk(p.Parse(gmtext.NewReader(source)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if n.Type() == ast.TypeBlock {
			flush()
		}
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Link, *ast.AutoLink, *ast.Image, *ast.RawHTML, *extast.TaskCheckBox, *extast.Strikethrough:
			problem = fmt.Errorf("a %s", n.Kind())
		case *ast.Heading:
			if n.Level != 3 || n.Parent().Kind() != ast.KindDocument {
				problem = fmt.Errorf("a heading of level %d", n.Level)
			}
		case *ast.HTMLBlock:
			for i := range n.Lines().Len() {
				segment := n.Lines().At(i)
				line := strings.TrimSpace(string(segment.Value(source)))
				if line != "</details>" && !regexp.MustCompile(`^<details><summary>[\w :,]+</summary>$`).MatchString(line) && line != "" {
					problem = fmt.Errorf("HTML %q", line)
				}
			}
		case *ast.CodeSpan:
			texts += "x"
			return ast.WalkSkipChildren, nil
		case *ast.Text:
			texts += string(util.ResolveEntityNames(util.UnescapePunctuations(n.Segment.Value(source))))
		}
		return ast.WalkContinue, nil
	})
	flush()
	if strings.Count(text, "\n<details>") != strings.Count(text, "\n</details>") {
		problem = errors.New("folds that do not close")
	}
	return errors.Join(err, problem)
}
