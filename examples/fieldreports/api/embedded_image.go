//go:build image

package main

import (
	"context"
	"errors"
)

// startEmbedded returns an error: the image needs a real database.
func startEmbedded(context.Context) (database, error) {
	return database{}, errors.New("this build has no embedded database: want --dsn, or the variables of AWS")
}
