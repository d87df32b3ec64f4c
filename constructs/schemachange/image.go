package schemachange

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsecrassets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"

	"github.com/noren-cdk/noren/constructs/gofunction"
	"github.com/noren-cdk/noren/internal/gobuild"
)

//go:embed Dockerfile
var dockerfile []byte

const norenProgram = "github.com/noren-cdk/noren/cmd/noren"

// Compile starts to compile noren. New does it too and waits; called before the
// app is made, it happens while Node loads CDK.
func Compile() { gofunction.Compile(norenProgram) }

// buildContext lays out what the image is built from in a folder of its own: the
// same content for the same sources, so that the image changes only when noren
// or a schema change does.
func buildContext(changes string) (dir string, err error) {
	files, err := filepath.Glob(filepath.Join(changes, "*.sql"))
	if err != nil || len(files) == 0 {
		return "", fmt.Errorf("no .sql file in Changes %q", changes)
	}
	noren, err := gobuild.Once(norenProgram)
	if err != nil {
		return "", err
	}
	dir, err = os.MkdirTemp("", "noren-schemachange-")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	if err := os.CopyFS(filepath.Join(dir, "changes"), os.DirFS(changes)); err != nil {
		return "", err
	}
	program, err := os.ReadFile(noren.Binary)
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "noren"), program, 0o755); err != nil {
		return "", err
	}
	return dir, os.WriteFile(filepath.Join(dir, "Dockerfile"), dockerfile, 0o644)
}

func imageOf(dir string) awsecs.ContainerImage {
	return awsecs.ContainerImage_FromAsset(&dir, &awsecs.AssetImageProps{Platform: awsecrassets.Platform_LINUX_ARM64()})
}
