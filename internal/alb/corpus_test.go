package alb

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/cfn"
)

// TestCorpus checks that templates of many shapes are read, and that requests go
// where testdata/corpus/answers.txt says, which was written first. A line is
//
//	FILE: METHOD HOST/PATH [NAME:VALUE...] [@ADDRESS] => WHERE certain|uncertain
//
// with one host, all headers, and the address 203.0.113.1 unless another is
// given. WHERE is what answers: a target group, an action, or the status of a
// request that does not reach the rules.
func TestCorpus(t *testing.T) {
	dir := filepath.Join("testdata", "corpus")
	answers, err := os.ReadFile(filepath.Join(dir, "answers.txt"))
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]int{}
	for line := range strings.Lines(string(answers)) {
		file, question, _ := strings.Cut(strings.TrimSpace(line), ": ")
		text, want, ok := strings.Cut(question, " => ")
		if !ok {
			t.Fatalf("line %q", line)
		}
		asked[file]++
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		inJSON, err := cfn.JSON(data)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		for form, template := range map[string][]byte{"as it is": data, "in JSON": inJSON} {
			if got := corpusAnswer(t, template, text); got != want {
				t.Errorf("%s %s: %s => %s, want %s", file, form, text, got, want)
			}
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if n := asked[file.Name()]; n < 3 && file.Name() != "answers.txt" {
			t.Errorf("%s: %d requests, want 3", file.Name(), n)
		}
	}
	if len(asked) < 60 {
		t.Errorf("%d templates, want 60", len(asked))
	}
}

// corpusAnswer returns where a request goes, and whether that is certain.
func corpusAnswer(t *testing.T, data []byte, text string) string {
	t.Helper()
	template, err := Read(bytes.NewReader(data), cfn.Options{})
	if err != nil {
		return err.Error()
	}
	words := strings.Fields(text)
	host, path, _ := strings.Cut(words[1], "/")
	r := Request{Method: words[0], Target: "/" + path, Host: host, Source: netip.MustParseAddr("203.0.113.1"), Header: map[string][]string{}}
	for _, word := range words[2:] {
		if address, ok := strings.CutPrefix(word, "@"); ok {
			r.Source = netip.MustParseAddr(address)
			continue
		}
		name, value, _ := strings.Cut(word, ":")
		r.Header[name] = []string{value}
	}
	d := template.Listeners[0].Route(&r)
	where := "405"
	if d.Rule != nil {
		where = template.ActionName(d.Rule)
	}
	if d.Certain() {
		return where + " certain"
	}
	return where + " uncertain"
}
