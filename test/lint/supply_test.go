package lint

import (
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// ecosystems are the files by which Dependabot finds dependencies to update.
var ecosystems = map[string]string{
	"go.mod": "gomod", "package-lock.json": "npm", "requirements.txt": "pip", "pom.xml": "maven", "Dockerfile": "docker",
}

// TestDependabotKnowsEverything checks that every versioned dependency is kept up
// to date, folder by folder, and that no entry is unused.
func TestDependabotKnowsEverything(t *testing.T) {
	t.Chdir(repository(t))
	data, err := os.ReadFile(".github/dependabot.yml")
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Updates []struct {
			Ecosystem string `yaml:"package-ecosystem"`
			Directory string
			Cooldown  struct {
				Days int `yaml:"default-days"`
			}
		}
	}
	if err := yaml.Unmarshal(data, &config); err != nil {
		t.Fatal(err)
	}
	want := []string{"github-actions /"}
	for _, file := range tracked(t) {
		if ecosystem := ecosystems[path.Base(file)]; ecosystem != "" && !strings.Contains(file, "testdata") {
			want = append(want, ecosystem+" "+path.Join("/", path.Dir(file)))
		}
	}
	var got []string
	for _, u := range config.Updates {
		got = append(got, u.Ecosystem+" "+u.Directory)
		if u.Cooldown.Days < 7 {
			t.Errorf("%s %s takes versions of the same day, want a week", u.Ecosystem, u.Directory)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("dependabot.yml has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestImagesAreByDigest checks that an image or a download of the build is pinned
// by digest, whatever its tag or address gives later.
func TestImagesAreByDigest(t *testing.T) {
	t.Chdir(repository(t))
	stage := regexp.MustCompile(`(?m)^FROM (?:--platform=\S+ )?(\S+)(?: AS (\S+))?$`)
	download := regexp.MustCompile(`(?m)^ADD .*\\?\n?.*https?://`)
	n := 0
	for _, file := range tracked(t) {
		if path.Base(file) != "Dockerfile" {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		stages := stage.FindAllStringSubmatch(string(data), -1)
		if len(stages) != strings.Count(string(data), "\nFROM ") {
			t.Errorf("%s: a FROM that this test cannot read", file)
		}
		for _, s := range stages {
			n++
			if !regexp.MustCompile(`:[^@]+@sha256:[0-9a-f]{64}$`).MatchString(s[1]) {
				t.Errorf("%s: image %s has no tag and digest", file, s[1])
			}
		}
		for _, add := range download.FindAllString(string(data), -1) {
			n++
			if !regexp.MustCompile(`--checksum=sha256:[0-9a-f]{64} `).MatchString(add) {
				t.Errorf("%s: %q has no checksum", file, add)
			}
		}
	}
	if n != 5 {
		t.Errorf("looked at %d images and downloads, want 5", n)
	}
}

// tracked returns the files of the tree.
func tracked(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

// TestNpxFetchesNothing checks that npx cdk fails before npm ci. It must not run
// a CLI of another version, or someone else's, that the registry has under that
// name.
func TestNpxFetchesNothing(t *testing.T) {
	data, err := os.ReadFile(repository(t) + "/.npmrc")
	if err != nil || !regexp.MustCompile(`(?m)^yes=false$`).Match(data) {
		t.Errorf(".npmrc does not say yes=false: %v\n%s", err, data)
	}
}
