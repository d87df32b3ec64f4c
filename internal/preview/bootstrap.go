package preview

import (
	"debug/elf"
	"debug/macho"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/noren-cdk/noren/internal/preview/lambdaruntime"
)

// program returns how a function runs here: as the program that was given for it,
// as this program if the function is noren's own, or as the template's asset.
func (p *Preview) program(f function) (lambdaruntime.Config, error) {
	if given, ok := p.config.Functions[f.LogicalID]; ok {
		bootstrap, err := p.unpack(given)
		if err == nil {
			err = runsHere(bootstrap)
		}
		if err != nil {
			return lambdaruntime.Config{}, fmt.Errorf("function %s: %q: %w", f.LogicalID, given, err)
		}
		return lambdaruntime.Config{Bootstrap: bootstrap}, nil
	}
	bootstrap, missing := p.deployedProgram(f)
	if name := ownName(bootstrap, p.environment(f)); name != "" {
		self, err := os.Executable()
		if err != nil {
			return lambdaruntime.Config{}, err
		}
		config := lambdaruntime.Config{Bootstrap: self, Args: []string{functionVerb, name}}
		if bootstrap != "" {
			config.Dir = filepath.Dir(bootstrap) // the other files in its archive
		}
		return config, nil
	}
	if missing != nil {
		return lambdaruntime.Config{}, missing
	}
	return lambdaruntime.Config{Bootstrap: bootstrap}, runsHere(bootstrap)
}

// deployedProgram returns the bootstrap of a function's asset.
func (p *Preview) deployedProgram(f function) (string, error) {
	if f.text("PackageType") == "Image" {
		return "", errors.New("it is an image")
	}
	if kind := f.text("Runtime"); !strings.HasPrefix(kind, "provided.") {
		return "", fmt.Errorf("its runtime is %s: only programs for provided.al2023 run here", kind)
	}
	code, _ := f.Properties["Code"].(map[string]any)
	key, _ := code["S3Key"].(string)
	path, err := asset(f.template, key)
	if err != nil {
		return "", err
	}
	return p.unpack(path)
}

// unpack returns the bootstrap in an archive or a folder.
func (p *Preview) unpack(asset string) (string, error) {
	dir, err := p.folder(asset)
	if err != nil {
		return "", err
	}
	bootstrap := filepath.Join(dir, "bootstrap")
	if _, err := os.Stat(bootstrap); err != nil {
		return "", errors.New("it has no file bootstrap")
	}
	return bootstrap, nil
}

// runsHere fails for a program built for another machine. A script runs wherever
// its interpreter is.
func runsHere(program string) error {
	info, err := os.Stat(program)
	if err != nil {
		return err
	}
	if runtime.GOOS != "windows" && info.Mode()&0o111 == 0 {
		return errors.New("its file bootstrap is not executable")
	}
	built := ""
	if f, err := elf.Open(program); err == nil {
		_ = f.Close() // it was only read
		machines := map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}
		name, ok := machines[f.Machine]
		if !ok {
			name = f.Machine.String()
		}
		built = "linux/" + name
		if f.OSABI == elf.ELFOSABI_FREEBSD {
			built = "freebsd/" + name
		}
	} else if f, err := macho.Open(program); err == nil {
		_ = f.Close() // it was only read
		machines := map[macho.Cpu]string{macho.CpuAmd64: "amd64", macho.CpuArm64: "arm64"}
		built = "darwin/" + machines[f.Cpu]
	}
	if here := runtime.GOOS + "/" + runtime.GOARCH; built != "" && built != here {
		return fmt.Errorf("its program is built for %s, and this machine is %s", built, here)
	}
	return nil
}
