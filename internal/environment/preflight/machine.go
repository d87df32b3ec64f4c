package preflight

import (
	"encoding/json"
	"errors"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// buildsImages reports whether a deploy builds a container image.
func buildsImages(i *inspector) bool { return i.Env.API.Image == "" || i.Env.SchemaChange.Image == "" }

func (i *inspector) awsCLI() (Finding, error) {
	const do = "install AWS CLI 2: the runbook follows logs with aws logs tail, which version 1 does not have"
	out, err := i.Run(i.ctx, "aws", "--version")
	if errors.Is(err, exec.ErrNotFound) {
		return wrong(do, "aws is not on PATH")
	}
	if err != nil {
		return Finding{}, err
	}
	version := regexp.MustCompile(`aws-cli/(\d+)\.[0-9.]+`).FindStringSubmatch(out)
	switch {
	case version == nil:
		return notKnown("", "aws --version printed %q", line(out))
	case version[1] == "1":
		return wrong(do, "%s", version[0])
	}
	return ok("%s", version[0])
}

func (i *inspector) dockerBuilder() (Finding, error) {
	const do = "install Docker 23 or later with buildx, or name images in api.image and schemaChange.image"
	out, err := i.Run(i.ctx, "docker", "buildx", "version")
	if errors.Is(err, exec.ErrNotFound) {
		return wrong(do, "docker is not on PATH, and the deploy builds images")
	}
	if err != nil {
		return wrong(do, "docker buildx version: %s", line(out))
	}
	if info, err := i.Run(i.ctx, "docker", "version", "--format", "{{.Server.Version}}"); err != nil {
		return wrong("start Docker", "docker version: %s", line(info))
	}
	return ok("%s", line(out))
}

// oldestNode is the minimum version of Node that the CDK CLI needs.
const oldestNode = 22

func (i *inspector) node() (Finding, error) {
	const do = "install Node 22 or later: the cdk CLI needs it"
	out, err := i.Run(i.ctx, "node", "--version")
	if errors.Is(err, exec.ErrNotFound) {
		return wrong(do, "node is not on PATH")
	}
	if err != nil {
		return Finding{}, err
	}
	text := strings.TrimPrefix(line(out), "v")
	major, _, _ := strings.Cut(text, ".")
	switch n, err := strconv.Atoi(major); {
	case err != nil:
		return notKnown("", "node --version printed %q", line(out))
	case n < oldestNode:
		return wrong(do, "node %s", text)
	}
	return ok("node %s", text)
}

// gitHub looks for the environments that the workflows deploy with, and for their
// reviewers.
func (i *inspector) gitHub() (Finding, error) {
	out, err := i.Run(i.ctx, "gh", "api", "repos/{owner}/{repo}/environments")
	if errors.Is(err, exec.ErrNotFound) {
		return notKnown("", "gh is not on PATH; only deploys by the workflows need it")
	}
	if err != nil {
		return notKnown("gh auth login, in a clone of the repository", "gh api: %s", line(out))
	}
	var answer struct {
		Environments []struct {
			Name            string
			ProtectionRules []struct {
				Type      string
				Reviewers []json.RawMessage
			} `json:"protection_rules"`
		}
	}
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		return Finding{}, err
	}
	reviewers := map[string]int{}
	for _, e := range answer.Environments {
		reviewers[e.Name] = 0
		for _, rule := range e.ProtectionRules {
			if rule.Type == "required_reviewers" {
				reviewers[e.Name] += len(rule.Reviewers)
			}
		}
	}
	name := i.Env.Name
	for _, needed := range []string{name, name + "-plan"} {
		if _, exists := reviewers[needed]; !exists {
			return wrong("make it under Settings, Environments, if the workflows deploy", "the repository has no environment %s", needed)
		}
	}
	if reviewers[name] == 0 {
		return wrong("add required reviewers to it: without any, what is merged is deployed at once", "the environment %s has no reviewers", name)
	}
	return ok("%s with %d reviewers, %s-plan", name, reviewers[name], name)
}
