// Package copy changes a schema on a copy of the database, for changes that
// cannot be made in place: the copy is changed while it replicates, catches up,
// is compared with the original, and replaces it.
//
// Replication is row-based, and identifies a column by its position, not by its
// name. Judge says whether a change survives that, and Compare whether the copy
// has the same contents as the original.
package copy
