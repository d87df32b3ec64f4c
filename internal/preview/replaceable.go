package preview

import (
	"context"
	"sync/atomic"

	"github.com/noren-cdk/noren/internal/preview/edge"
)

// replaceable is a function whose variables an update of the stack can change: an
// invocation in progress keeps the old ones.
type replaceable struct {
	current atomic.Pointer[edge.Invoker]
}

// Invoke implements [edge.Invoker].
func (r *replaceable) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	return (*r.current.Load()).Invoke(ctx, event)
}

func (r *replaceable) set(to edge.Invoker) { r.current.Store(&to) }
