package preview

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// asset finds the file or folder that CDK uploads under a key, in the manifests
// beside the template.
func asset(template source, key string) (string, error) {
	dir := filepath.Dir(template.file)
	manifests, err := filepath.Glob(filepath.Join(dir, "*.assets.json"))
	if err != nil {
		return "", err
	}
	for _, name := range manifests {
		data, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		var manifest struct {
			Files map[string]struct {
				Source       struct{ Path string }
				Destinations map[string]struct{ ObjectKey string }
			}
		}
		if err := json.Unmarshal(data, &manifest); err != nil {
			return "", fmt.Errorf("reading %q: %w", name, err)
		}
		for _, file := range manifest.Files {
			for _, destination := range file.Destinations {
				if destination.ObjectKey == key {
					return inAssembly(dir, file.Source.Path), nil
				}
			}
		}
	}
	return "", fmt.Errorf("the asset %q is not beside the template %q", key, template.file)
}

// inAssembly returns the path of an asset, which is relative to the assembly or
// absolute.
func inAssembly(dir, path string) string {
	if filepath.IsAbs(path) || strings.HasPrefix(path, dir) {
		return path
	}
	return filepath.Join(dir, path)
}
