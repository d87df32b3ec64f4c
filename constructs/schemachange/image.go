package schemachange

import (
	_ "embed"
	"fmt"
	"io/fs"
	"os"
	"path"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsecrassets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"

	"github.com/noren-cdk/noren/constructs/gofunction"
	"github.com/noren-cdk/noren/internal/gobuild"
)

//go:embed Dockerfile
var dockerfile []byte

const norenProgram = "github.com/noren-cdk/noren/cmd/noren"

// Compile starts to compile noren. New does so too, and waits. Call Compile
// before creating the app, so that noren compiles while Node loads CDK.
func Compile() { gofunction.Compile(norenProgram) }

// buildContext returns the folder that the image is built from. The same sources
// give the same content, so the image changes only when noren or a schema change
// does.
func buildContext(changes string) (string, error) {
	files := map[string][]byte{"Dockerfile": dockerfile}
	root := os.DirFS(changes)
	if found, err := fs.Glob(root, "*.sql"); err != nil || len(found) == 0 {
		return "", fmt.Errorf("no .sql file in Changes %q", changes)
	}
	err := fs.WalkDir(root, ".", func(name string, file fs.DirEntry, err error) error {
		if err != nil || file.IsDir() {
			return err
		}
		files[path.Join("changes", name)], err = fs.ReadFile(root, name)
		return err
	})
	if err != nil {
		return "", err
	}
	noren, err := gobuild.Once(norenProgram)
	if err != nil {
		return "", err
	}
	return noren.Folder("noren", files)
}

func imageOf(dir string) awsecs.ContainerImage {
	return awsecs.ContainerImage_FromAsset(&dir, &awsecs.AssetImageProps{Platform: awsecrassets.Platform_LINUX_ARM64()})
}
