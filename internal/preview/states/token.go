package states

import (
	"fmt"
)

// answer is the answer to a task token.
type answer struct {
	output any
	failed *Failure
}

// newToken makes a token. Its task waits for the answer; done forgets the token.
func (e *Execution) newToken() (token string, answered <-chan answer, done func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.last++
	token = fmt.Sprintf("%s/token/%d", e.config.Name, e.last)
	waiting := make(chan answer, 1)
	e.tokens[token] = waiting
	return token, waiting, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.tokens, token)
	}
}

// SendTaskSuccess answers a task token with an output as JSON.
func (e *Execution) SendTaskSuccess(token string, output []byte) error {
	v, err := decode(output)
	if err != nil {
		return fmt.Errorf("output: %w", err)
	}
	return e.answer(token, answer{output: v})
}

// SendTaskFailure answers a task token with a failure.
func (e *Execution) SendTaskFailure(token string, f *Failure) error {
	return e.answer(token, answer{failed: f})
}

func (e *Execution) answer(token string, a answer) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	waiting, ok := e.tokens[token]
	if !ok {
		return ErrUnknownToken
	}
	delete(e.tokens, token)
	waiting <- a
	return nil
}
