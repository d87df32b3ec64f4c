//go:build image

package main

import (
	"context"
	"errors"
)

// startEmbedded refuses: the image runs beside a real database.
func startEmbedded(context.Context) (database, error) {
	return database{}, errors.New("this build has no embedded database: want --dsn, or the variables of AWS")
}
