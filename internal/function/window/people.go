package window

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/noren-cdk/noren/internal/function/monitors"
	"github.com/noren-cdk/noren/internal/turn"
	night "github.com/noren-cdk/noren/internal/window"
	"github.com/noren-cdk/noren/internal/window/execution"
	"github.com/noren-cdk/noren/maintenance"
)

// mail notifies people. The subject has at most 99 characters.
func (f *Function) mail(ctx context.Context, subject string, lines ...string) error {
	subject = f.Settings.Stack + ": " + subject
	message := strings.Join(lines, "\n") + "\n"
	if len(subject) > 99 {
		subject = subject[:99]
	}
	_, err := sns.NewFromConfig(f.Config).Publish(ctx, &sns.PublishInput{TopicArn: &f.Settings.Topic, Subject: &subject, Message: &message})
	if err != nil {
		return fmt.Errorf("people were not told: %w", err)
	}
	return nil
}

// command returns a command of noren, for this product.
func (f *Function) command(verb string) string {
	return "  noren " + verb + " " + f.Settings.Options
}

// ask asks whether to open. The answer needs the token, which the command finds
// in the history of the execution.
func (f *Function) ask(ctx context.Context, p night.Payload) (string, error) {
	if err := f.still(ctx, p); err != nil {
		return "", err
	}
	return "asked", f.mail(ctx, "open?",
		"The maintenance "+p.Window+" has done its work, and asks whether to open. Until you say so it stays closed.", "",
		"To see what was done, and to open:", f.command("window status"), f.command("window approve"))
}

// report sends the timeline of the night.
func (f *Function) report(ctx context.Context, p night.Payload) (string, error) {
	lines := []string{"The maintenance " + p.Window + " is over: the product is open.", ""}
	e, err := execution.Read(ctx, sfn.NewFromConfig(f.Config), p.Execution)
	if err == nil && e == nil {
		err = errors.New("there is no such execution")
	}
	if err != nil {
		lines = append(lines, "What each step took is not known: "+err.Error())
	} else {
		steps := night.Timeline(nil, e.Events)
		for i := range steps {
			steps[i].Rehearsed = time.Duration(p.Rehearsed[steps[i].Name]) * time.Second
		}
		steps = slices.DeleteFunc(steps, func(s night.Progress) bool { return s.Name == night.Report })
		lines = append(lines, night.Lines(steps, f.Now())...)
	}
	return "sent", f.mail(ctx, "open again", lines...)
}

// tell reports where an execution that did not succeed has ended and why, the
// mode of the product, and what to type.
func (f *Function) tell(ctx context.Context, p night.Payload) (string, error) {
	mode, how := f.mode(ctx)
	lines := []string{"The maintenance " + p.Window + " has ended: " + p.Status + ".", how, ""}
	where, said, opened, unchanged := "", false, false, false
	e, err := execution.Read(ctx, sfn.NewFromConfig(f.Config), p.Execution)
	switch {
	case err != nil:
		lines = append(lines, "Where it ended is not known: "+err.Error())
	case e != nil:
		steps := night.Timeline(nil, e.Events)
		lines = append(lines, night.Lines(steps, f.Now())...)
		for _, step := range steps {
			opened = opened || step.Name == night.Open && step.Stage == night.Done
			if step.Stage == night.Failed {
				where = " at " + step.Name
				said = f.Settings.Log != "" && night.IsTask(step.Name)
				unchanged = step.Name == night.CheckChanges
			}
		}
	}
	if said {
		lines = append(lines, "", "What noren ddl run said:", "  "+f.Settings.Log)
	}
	if mode == maintenance.Open && strings.HasSuffix(p.Execution, ":"+p.Window) {
		lines = append(lines, "")
		lines = append(lines, f.tellOthers(ctx, p, opened)...)
	}
	if unchanged {
		lines = append(lines, "", "It has closed nothing, and changed no schema. If a change has to be rehearsed again, plan another start: this execution continues with the rehearsal that it began with.")
	}
	lines = append(lines, "", "To see it as a timeline, and to go on from the step that failed:", f.command("window status"), f.command("window retry"))
	if mode != maintenance.Open {
		lines = append(lines, "", "To open without going on, after a question:", f.command("window open"))
	}
	return "sent", f.mail(ctx, fmt.Sprintf("the maintenance ended%s, the product is %s", where, mode), lines...)
}

// tellOthers tells clients and monitors that an open product is no longer in
// maintenance, since the execution has ended and does not do so. It returns what
// they were told.
func (f *Function) tellOthers(ctx context.Context, p night.Payload, opened bool) []string {
	var said []string
	note := func(done string, err error) {
		if err != nil {
			done = "They were to be told, and were not: " + err.Error()
		}
		said = append(said, done)
	}
	if f.Settings.Announcement != "" {
		done, tell := "Clients are no longer told of it.", f.withdraw
		if opened {
			done, tell = "Clients are told that it is over.", f.announceCompleted
		}
		_, err := tell(ctx, p)
		note(done, err)
	}
	if f.Settings.Monitors != "" {
		_, err := f.unmute(ctx, p)
		note("Monitors watch.", err)
	}
	return said
}

// mode returns the mode of the product, and a sentence about it.
func (f *Function) mode(ctx context.Context) (maintenance.Mode, string) {
	s, err := f.look(ctx)
	switch {
	case err != nil:
		return "not known", "Which mode the product is in is not known: " + err.Error()
	case s.Listener.Mode == "":
		return "in no mode", "The listener is in no mode: " + s.Listener.Word()
	case s.Listener.Mode == maintenance.Open:
		return s.Listener.Mode, "The product is open."
	}
	return s.Listener.Mode, fmt.Sprintf("The product is %s, and stays so: time does not open it.", s.Listener.Mode)
}

// nearEnd tells people and clients that the maintenance takes longer. It never
// opens.
func (f *Function) nearEnd(ctx context.Context, p night.Payload) (string, error) {
	mode, how := f.mode(ctx)
	if mode == maintenance.Open {
		return "it is open", nil
	}
	until := p.End.Add(night.Extension)
	told := "Clients are told " + until.Format(time.RFC3339) + "."
	err := f.extend(ctx, p, until)
	if err != nil {
		told = "Clients are not told of another end: " + err.Error()
	}
	return told, errors.Join(err, f.mail(ctx, "the planned end is near",
		"The maintenance "+p.Window+" was to end at "+p.End.Format(time.RFC3339)+". "+how, told, "",
		"To see how far it is, and to tell clients another end:", f.command("window status"), f.command(verbs[p.Mode]+" --until TIME")))
}

// verbs are the commands that change to a mode.
var verbs = map[maintenance.Mode]string{maintenance.Closed: "close", maintenance.ReadOnly: "read-only"}

// extend tells clients and monitors of a later end. It changes the template only
// while the product is in the mode: what has been opened meanwhile is not closed
// again.
func (f *Function) extend(ctx context.Context, p night.Payload, until time.Time) error {
	o := f.operation()
	plan, err := o.Prepare(ctx, turn.Wish{Mode: p.Mode, Until: until, Typed: f.Now()})
	if err != nil {
		return err
	}
	if plan.From != p.Mode {
		return errors.Join(fmt.Errorf("the deployed template is %s by now", plan.From), o.Discard(ctx, plan))
	}
	if plan.ChangeSet != "" {
		if err := o.Execute(ctx, plan, nil); err != nil {
			return err
		}
	}
	return f.monitors(ctx, monitors.Extend, p, until)
}
