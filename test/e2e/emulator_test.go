//go:build e2e

package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// emulator is an AWS account on this machine.
type emulator struct {
	account  string
	region   string
	port     string
	endpoint string
	dir      string // for all files
}

// emulatorLog is the file of moto's output, in the folder of the test.
const emulatorLog = "emulator.log"

// python is the interpreter for which make e2e has installed moto.
const python = ".venv/e2e/bin/python"

// startEmulator starts moto on a free port of the loopback interface, and stops
// that process when the test ends.
func startEmulator(t *testing.T, dir, account, region string) *emulator {
	t.Helper()
	return startEmulatorAt(t, dir, account, region, "0")
}

// startEmulatorAt starts moto on a port at which moto also calls itself.
func startEmulatorAt(t *testing.T, dir, account, region, port string) *emulator {
	t.Helper()
	e := &emulator{account: account, region: region, dir: dir}
	log, err := os.Create(filepath.Join(e.dir, emulatorLog))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(python, "test/e2e/emulator.py", "-H", "127.0.0.1", "-p", port)
	cmd.Env = append(plainEnvironment(e.dir), "MOTO_ACCOUNT_ID="+account, "PYTHONUNBUFFERED=1")
	cmd.Stdout, cmd.Stderr = log, log
	start := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: make e2e installs it", err)
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait() // it ends by a signal, or has logged why
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-exited:
		case <-time.After(5 * time.Second):
			_ = cmd.Process.Kill()
			<-exited
		}
	})
	e.port = awaitPort(t, log.Name(), exited)
	e.endpoint = "http://127.0.0.1:" + e.port
	took(t, "start the emulator on "+e.endpoint, start)
	return e
}

var serves = regexp.MustCompile(`Running on http://127\.0\.0\.1:(\d+)`)

func awaitPort(t *testing.T, log string, exited <-chan struct{}) string {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		said, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		if port := serves.FindSubmatch(said); port != nil {
			return string(port[1])
		}
		select {
		case <-exited:
			t.Fatalf("the emulator ended\n%s", said)
		default:
		}
	}
	said, _ := os.ReadFile(log)
	t.Fatalf("the emulator did not start within a minute\n%s", said)
	return ""
}

// environment returns the environment in which a command takes the emulator for
// AWS.
func (e *emulator) environment() []string {
	return append(plainEnvironment(e.dir),
		"AWS_ENDPOINT_URL="+e.endpoint,
		// moto takes the first label of a template's URL for its bucket. In an IP
		// address that would be its first number.
		"AWS_ENDPOINT_URL_S3_FOR_CLOUDFORMATION=http://localhost:"+e.port,
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"AWS_REGION="+e.region, "AWS_DEFAULT_REGION="+e.region,
	)
}

// plainEnvironment returns the environment without the user's settings of AWS and
// CDK, with every file that a command creates by itself in dir.
func plainEnvironment(dir string) []string {
	var env []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "AWS_") && !strings.HasPrefix(entry, "CDK_") {
			env = append(env, entry)
		}
	}
	return append(env,
		"AWS_CONFIG_FILE="+filepath.Join(dir, "no-config"), "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(dir, "no-credentials"),
		"AWS_EC2_METADATA_DISABLED=true",
		"CDK_HOME="+filepath.Join(dir, "cdk-home"), "CDK_DISABLE_CLI_TELEMETRY=true", "CI=1", "NO_COLOR=1",
		"CDK_VALIDATION=false", // make synth validates; here it takes seconds
		"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20",
		"TMPDIR="+temporary(dir),
	)
}

func temporary(dir string) string {
	tmp := filepath.Join(dir, "tmp")
	if err := os.MkdirAll(tmp, 0o755); err != nil {
		panic(err)
	}
	return tmp
}

// config returns the SDK's configuration for the emulator.
func (e *emulator) config(t *testing.T) aws.Config {
	t.Helper()
	cfg, err := config.LoadDefaultConfig(context.Background(),
		config.WithRegion(e.region), config.WithBaseEndpoint(e.endpoint),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("test", "test", "")),
		config.WithSharedConfigFiles(nil), config.WithSharedCredentialsFiles(nil))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// took prints how long something took.
func took(t *testing.T, what string, start time.Time) {
	t.Helper()
	t.Logf("%5.1f s  %s", time.Since(start).Seconds(), what)
}
