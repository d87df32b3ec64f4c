package main

import (
	"errors"
	"fmt"

	"golang.org/x/crypto/bcrypt"
)

const (
	// passwordCost is the cost of every hash, so that the time of a log-in
	// reveals neither which names exist nor how old a password is.
	passwordCost = 12

	// longestPassword is bcrypt's limit, in bytes. It would compare only the
	// beginning of a longer password.
	longestPassword = 72

	// nobody is the hash to compare with where there is no account.
	nobody = "$2a$12$GP.s1O940O2m9ndgFTEkxupAZlxLTAnPl7fxUhqHpdyDPygGgAtKi"
)

func hashPassword(text string) (string, error) {
	switch {
	case len(text) < 12:
		return "", errors.New("the password is too short: want at least 12 bytes")
	case len(text) > longestPassword:
		return "", fmt.Errorf("the password has %d bytes: want at most %d", len(text), longestPassword)
	}
	hashed, err := bcrypt.GenerateFromPassword([]byte(text), passwordCost)
	return string(hashed), err
}

// validHash reports what is wrong with a hash that was made elsewhere.
func validHash(hash string) error {
	cost, err := bcrypt.Cost([]byte(hash))
	if err != nil || len(hash) != 60 {
		return errors.New("the hash is not bcrypt's: make one with fieldreports password")
	}
	if cost != passwordCost {
		return fmt.Errorf("the hash has cost %d: want %d, which fieldreports password uses", cost, passwordCost)
	}
	return nil
}

// passwordMatches compares a password with the hash of its account. It takes as
// long if there is no account. An account whose user was removed has no hash.
func passwordMatches(hash, text string) bool {
	account := validHash(hash) == nil
	if !account {
		hash = nobody
	}
	tooLong := len(text) > longestPassword
	if tooLong {
		text = text[:longestPassword]
	}
	return bcrypt.CompareHashAndPassword([]byte(hash), []byte(text)) == nil && account && !tooLong
}
