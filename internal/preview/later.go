package preview

import (
	"context"
	"fmt"
)

// startLater compiles and starts the example, and registers it when it answers.
func (p *Preview) startLater(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	p.late = make(chan *application, 1)
	go func() {
		defer close(p.late)
		app, err := p.startExample(ctx)
		if err == nil {
			p.late <- app
			err = p.Register(app.address)
		}
		switch {
		case ctx.Err() != nil:
		case err != nil:
			fmt.Fprintln(p.progress, err)
		default:
			fmt.Fprintln(p.progress, "the example's API answers: log in")
		}
	}()
	p.closers = append(p.closers, func() {
		cancel()
		if app := <-p.late; app != nil {
			app.close()
		}
	})
}

// TakeApplication waits for an example that is started later, and takes it over:
// the preview no longer ends it when it closes; end does. The address is empty if
// it could not be started.
func (p *Preview) TakeApplication(ctx context.Context) (address string, end func()) {
	select {
	case app := <-p.late:
		if app != nil {
			return app.address, app.close
		}
	case <-ctx.Done():
	}
	return "", func() {}
}
