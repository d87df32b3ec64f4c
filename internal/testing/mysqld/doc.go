// Package mysqld starts MySQL and MariaDB servers for tests with the build tags
// mysql and preview.
package mysqld
