package main

type queue[T any] struct{ items []T }

func (q *queue[T]) each(do func(T)) {
	for _, item := range q.items {
		do(item)
	}
}

func apply[K comparable, V any](values map[K]V, do func(K, V)) {
	for key, value := range values {
		do(key, value)
	}
}

func init() {
	through = func(page func()) {
		pages := &queue[func()]{items: []func(){page}}
		apply(map[string]*queue[func()]{"one": pages}, func(_ string, q *queue[func()]) {
			q.each(func(page func()) { page() })
		})
	}
}
