package lambdaruntime

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// own are the variables through which a bootstrap finds its task.
var own = []string{"AWS_LAMBDA_RUNTIME_API", "_HANDLER", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"}

func (c Config) validateEnvironment() error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(c.Environment)) {
		switch value := c.Environment[name]; {
		case slices.Contains(own, name):
			errs = append(errs, fmt.Errorf("Environment has %q, which Lambda sets itself", name))
		case name == "" || strings.ContainsAny(name, "=\x00") || strings.Contains(value, "\x00"):
			errs = append(errs, fmt.Errorf("Environment has %q, want a name without = and no null characters", name))
		}
	}
	return errors.Join(errs...)
}

// environment returns the environment of a process: Lambda's variables, then the
// function's. Nothing of the developer's environment gets into it, and the AWS
// SDKs are kept from looking for credentials in files and at the machine's
// metadata service. Source: the Lambda developer guide, runtime environment
// variables.
func (c Config) environment(runtimeAPI, logStream string) []string {
	set := map[string]string{
		"AWS_CONFIG_FILE":                 "/dev/null",
		"AWS_DEFAULT_REGION":              c.Region,
		"AWS_EC2_METADATA_DISABLED":       "true",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(c.Memory),
		"AWS_LAMBDA_FUNCTION_NAME":        c.FunctionName,
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + c.FunctionName,
		"AWS_LAMBDA_LOG_STREAM_NAME":      logStream,
		"AWS_REGION":                      c.Region,
		"AWS_SHARED_CREDENTIALS_FILE":     "/dev/null",
		"LANG":                            "en_US.UTF-8",
		"PATH":                            "/usr/local/bin:/usr/bin:/bin:/opt/bin",
		"TZ":                              ":UTC",
	}
	maps.Copy(set, c.Environment)
	set["AWS_LAMBDA_RUNTIME_API"] = runtimeAPI
	set["LAMBDA_TASK_ROOT"] = c.Dir
	set["LAMBDA_RUNTIME_DIR"] = "/var/runtime"
	set["_HANDLER"] = "bootstrap"
	env := make([]string, 0, len(set))
	for name, value := range set {
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	return env
}

// arn returns the ARN that the function is told.
func (c Config) arn() string {
	return "arn:aws:lambda:" + c.Region + ":000000000000:function:" + c.FunctionName
}
