package diff

import (
	"fmt"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/cfn"
)

// manyResources is a template with so many resources that a comment cannot name
// them all.
func manyResources(t *testing.T, n int) Template {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"Queue%d": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "é|%s"}},`, i, strings.Repeat("x", 100))
	}
	template, err := Read([]byte(`{"Resources": {`+strings.TrimSuffix(b.String(), ",")+`}}`), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return template
}

// TestMarkdownFitsAComment: what is too long is cut at a line, says so, and
// leaves no fold open.
func TestMarkdownFitsAComment(t *testing.T) {
	for _, n := range []int{1, 100, 300, 800, 3000} {
		for _, pair := range [][2]Template{
			{Nothing(), manyResources(t, n)}, // added, in a fold
			{manyResources(t, n), Nothing()}, // data lost, unfolded
		} {
			text := Markdown([]Pair{{"shop.template.json", Compare(pair[0], pair[1])}})
			length := len([]rune(text))
			if length >= mostMarkdown {
				t.Errorf("%d resources: %d characters, want less than %d", n, length, mostMarkdown)
			}
			cut := strings.Contains(text, strings.TrimSpace(cutNote))
			named := strings.Count(text, "`Queue")
			if cut != (named < n) {
				t.Errorf("%d resources, %d named, cut: %v", n, named, cut)
			}
			if strings.Count(text, "<details>") != strings.Count(text, "</details>") {
				t.Errorf("%d resources: %d folds open, %d close", n, strings.Count(text, "<details>"), strings.Count(text, "</details>"))
			}
		}
	}
}

// TestMarkdownEscapes: nothing of a template is read as Markdown or HTML.
func TestMarkdownEscapes(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{escaped("<secret A> | *b* _c_ `d`"), "&lt;secret A&gt; \\| \\*b\\* \\_c\\_ \\`d\\`"},
		{code("a | b"), "`a \\| b`"},
		{code("a `b` c"), "`` a `b` c ``"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}
