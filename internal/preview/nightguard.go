package preview

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/diff"
)

// guardType is the type of the custom resource that refuses to open by accident.
const guardType = "Custom::NorenReopenGuard"

// askGuard asks the guards of the stack about an update, as CloudFormation does.
func (n *Night) askGuard(before, after []byte) error {
	was, err := cfn.Resources(bytes.NewReader(before), n.account.Options(), guardType)
	if err != nil {
		return err
	}
	is, err := cfn.Resources(bytes.NewReader(after), n.account.Options(), guardType)
	if err != nil {
		return err
	}
	for i := range is {
		if i >= len(was) || reflect.DeepEqual(was[i].Properties, is[i].Properties) {
			continue
		}
		if err := n.askOne(was[i], is[i]); err != nil {
			return err
		}
	}
	return nil
}

func (n *Night) askOne(was, is cfn.Resource) error {
	answered := make(chan []byte, 1)
	listener, err := listenAt(0)
	if err != nil {
		return err
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, ErrorLog: quiet, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		select {
		case answered <- body:
		default: // one answer is enough
		}
	})}
	go func() { _ = server.Serve(listener) }() // until it is closed
	defer server.Close()
	event, err := json.Marshal(map[string]any{
		"RequestType": "Update", "ResponseURL": "http://" + listener.Addr().String(), "RequestId": rand.Text(), "StackId": n.account.StackID(),
		"ResourceType": is.Type, "LogicalResourceId": is.LogicalID, "PhysicalResourceId": is.LogicalID,
		"ResourceProperties": is.Properties, "OldResourceProperties": was.Properties,
	})
	if err != nil {
		return err
	}
	token, _ := is.Properties["ServiceToken"].(string)
	f, err := n.function(token[strings.LastIndexByte(token, ':')+1:])
	if err != nil {
		return err
	}
	running, err := f.get()
	if err != nil {
		n.p.noteOnce("the guard %s does not run here, and is not asked: %v", is.LogicalID, err)
		return nil
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	if _, err := running.Invoke(ctx, event); err != nil {
		return fmt.Errorf("the guard: %w", err)
	}
	var answer struct{ Status, Reason string }
	var said []byte
	select {
	case said = <-answered:
	case <-ctx.Done():
		return errors.New("the guard has not answered")
	}
	if err := json.Unmarshal(said, &answer); err != nil {
		return fmt.Errorf("the guard's answer: %w", err)
	}
	if answer.Status != "SUCCESS" {
		return fmt.Errorf("the guard refuses: %s", answer.Reason)
	}
	return nil
}

// modeOf returns the mode of a template.
func modeOf(template []byte) (string, error) {
	t, err := diff.Read(template, cfn.Options{})
	if err != nil {
		return "", err
	}
	mode, err := t.Mode()
	return string(mode), err
}
