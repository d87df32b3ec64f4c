package announcement

// The environment variables of the function.
const (
	BucketVariable = "ANNOUNCEMENT_BUCKET" // the bucket of the document
	KeyVariable    = "ANNOUNCEMENT_KEY"    // its key
)

// Settings say where the document is kept.
type Settings struct{ Bucket, Key string }

// Environment encodes the settings as environment variables.
func (s Settings) Environment() map[string]string {
	return map[string]string{BucketVariable: s.Bucket, KeyVariable: s.Key}
}
