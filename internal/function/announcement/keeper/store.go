package keeper

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/noren-cdk/noren/internal/function/announcement"
)

// attempts is how often a change is retried after someone else's came in between.
const attempts = 8

// Store keeps the document in a bucket.
type Store struct {
	S3          *s3.Client
	Bucket, Key string
	Now         func() time.Time
}

// Change replaces the document by the result of change, unless they are the same.
// No change is lost: it is repeated on what someone else has written meanwhile. A
// missing or damaged document is started over.
func (s Store) Change(ctx context.Context, change func(announcement.Document) announcement.Document) error {
	var err error
	for range attempts {
		before, etag, stored, readErr := s.read(ctx)
		if readErr != nil {
			return fmt.Errorf("reading s3://%s/%s: %w", s.Bucket, s.Key, readErr)
		}
		after := change(before)
		if stored && equal(before, after) {
			return nil
		}
		after.UpdatedAt = s.Now().UTC().Truncate(time.Second)
		if err = s.write(ctx, after, etag); err == nil {
			return nil
		}
		if !overtaken(err) {
			break
		}
	}
	return fmt.Errorf("writing s3://%s/%s: %w", s.Bucket, s.Key, err)
}

// read returns the document and the ETag of its object, which is empty if the
// object does not exist. stored is false for a document that is started over.
func (s Store) read(ctx context.Context) (d announcement.Document, etag string, stored bool, err error) {
	out, err := s.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.Bucket, Key: &s.Key})
	var none *types.NoSuchKey
	if errors.As(err, &none) {
		return announcement.New(), "", false, nil
	}
	if err != nil {
		return d, "", false, err
	}
	defer out.Body.Close()
	text, err := io.ReadAll(io.LimitReader(out.Body, 1<<20))
	if err != nil {
		return d, "", false, err
	}
	if json.Unmarshal(text, &d) != nil || d.Version != announcement.Version || !d.Mode.Valid() {
		return announcement.New(), aws.ToString(out.ETag), false, nil
	}
	d.PollAfter = announcement.PollAfter
	return d, aws.ToString(out.ETag), true, nil
}

// write replaces the object that has the ETag.
func (s Store) write(ctx context.Context, d announcement.Document, etag string) error {
	text, err := announcement.Encode(d)
	if err != nil {
		return err
	}
	in := &s3.PutObjectInput{
		Bucket: &s.Bucket, Key: &s.Key, Body: bytes.NewReader(text),
		ContentType: aws.String(announcement.ContentType), CacheControl: aws.String(announcement.CacheControl),
	}
	if etag == "" {
		in.IfNoneMatch = aws.String("*")
	} else {
		in.IfMatch = &etag
	}
	_, err = s.S3.PutObject(ctx, in)
	return err
}

// overtaken reports whether S3 refused the write because the object has changed.
func overtaken(err error) bool {
	var answered *awshttp.ResponseError
	if !errors.As(err, &answered) {
		return false
	}
	switch answered.HTTPStatusCode() {
	case http.StatusPreconditionFailed, http.StatusConflict, http.StatusNotFound:
		return true
	}
	return false
}

func equal(a, b announcement.Document) bool {
	x, errX := announcement.Encode(a)
	y, errY := announcement.Encode(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
