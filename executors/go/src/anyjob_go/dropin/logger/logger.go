// Package logger is what the worker logs with, and programs may. It writes to standard error.
package logger

import (
	"context"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Logger may be replaced by the program's own.
type Logger interface {
	Debugf(msg string, args ...interface{})
	Infof(msg string, args ...interface{})
	Warnf(msg string, args ...interface{})
	Errorf(msg string, args ...interface{})
	Level(level string)
	OutputPath(path string) (err error)
}

var used Logger = newDefault(os.Getenv("GO_SCHEDULERX_WORKER_LOG_LEVEL"))

// SetLogger replaces the logger.
func SetLogger(logger Logger) { used = logger }

// SetLogLevel takes debug, info, warn or error.
func SetLogLevel(level string) {
	if level != "" {
		used.Level(level)
	}
}

// SetOutputPath lets it write to a file.
func SetOutputPath(path string) (err error) {
	if path == "" {
		return nil
	}
	return used.OutputPath(path)
}

// Debugf logs what helps to find a fault.
func Debugf(msg string, args ...interface{}) { used.Debugf(msg, args...) }

// Infof logs what happens.
func Infof(msg string, args ...interface{}) { used.Infof(msg, args...) }

// Warnf logs what may be a fault.
func Warnf(msg string, args ...interface{}) { used.Warnf(msg, args...) }

// Errorf logs a fault.
func Errorf(msg string, args ...interface{}) { used.Errorf(msg, args...) }

// DebugfCtx is Debugf.
func DebugfCtx(_ context.Context, msg string, args ...interface{}) { used.Debugf(msg, args...) }

// InfofCtx is Infof.
func InfofCtx(_ context.Context, msg string, args ...interface{}) { used.Infof(msg, args...) }

// WarnfCtx is Warnf.
func WarnfCtx(_ context.Context, msg string, args ...interface{}) { used.Warnf(msg, args...) }

// ErrorfCtx is Errorf.
func ErrorfCtx(_ context.Context, msg string, args ...interface{}) { used.Errorf(msg, args...) }

var levels = map[string]int{"debug": 0, "info": 1, "warn": 2, "error": 3, "fatal": 4}

type standard struct {
	mu    sync.Mutex
	least int
	out   *log.Logger
	file  io.Closer
}

func newDefault(level string) *standard {
	s := &standard{out: log.New(os.Stderr, "", log.LstdFlags)}
	s.Level(level)
	return s
}

func (s *standard) say(level, msg string, args []interface{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if levels[level] >= s.least {
		s.out.Printf("level="+level+" "+msg, args...)
	}
}

func (s *standard) Debugf(msg string, args ...interface{}) { s.say("debug", msg, args) }
func (s *standard) Infof(msg string, args ...interface{})  { s.say("info", msg, args) }
func (s *standard) Warnf(msg string, args ...interface{})  { s.say("warn", msg, args) }
func (s *standard) Errorf(msg string, args ...interface{}) { s.say("error", msg, args) }

func (s *standard) Level(level string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	least, known := levels[strings.ToLower(level)]
	if !known {
		least = levels["info"]
	}
	s.least = least
}

func (s *standard) OutputPath(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out.SetOutput(file)
	if s.file != nil {
		s.file.Close()
	}
	s.file = file
	return nil
}
