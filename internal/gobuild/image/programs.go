package image

import (
	"os"
	"path"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/noren-cdk/noren/internal/gobuild"
)

// taskRoot is the folder of the program and its files in Lambda's own images.
const taskRoot = "var/task"

// Function packs the program of a Lambda function, with the files that its
// archive would have beside it.
func Function(program gobuild.Output, goarch string, files map[string][]byte) (v1.Image, error) {
	binary, err := os.ReadFile(program.Binary)
	if err != nil {
		return nil, err
	}
	i := Image{
		GOARCH: goarch, Entrypoint: "/" + taskRoot + "/bootstrap", WorkingDir: "/" + taskRoot,
		Env:   []string{"LAMBDA_TASK_ROOT=/" + taskRoot},
		Files: []File{Certificates(), {Path: taskRoot + "/bootstrap", Content: binary, Executable: true}},
	}
	for name, content := range files {
		i.Files = append(i.Files, File{Path: path.Join(taskRoot, name), Content: content})
	}
	return i.Build()
}

// Task packs the program of an ECS task as the file /name, which is the entry
// point, with other files. rds are Amazon's certificates for RDS.
func Task(program gobuild.Output, goarch, name string, rds []byte, files ...File) (v1.Image, error) {
	binary, err := os.ReadFile(program.Binary)
	if err != nil {
		return nil, err
	}
	return Image{
		GOARCH: goarch, Entrypoint: "/" + name,
		Files: append([]File{
			Certificates(), {Path: RDSCertificates, Content: rds}, {Path: name, Content: binary, Executable: true},
		}, files...),
	}.Build()
}
