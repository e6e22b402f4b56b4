;; Brings memory after memory, each within the limit of one.
;; held by: more core modules, memories or tables
(component
  (core module $hoard (memory 1))
  (core instance (instantiate $hoard))
  (core instance (instantiate $hoard))
  (core instance (instantiate $hoard))
  (core instance (instantiate $hoard))
  (core instance (instantiate $hoard))
)
