;; Brings memory after memory, each within the limit of one.
;; held by: more parts than one may be
(component
  (core module $hoard (memory 1))
  (core instance (instantiate $hoard))
  (core instance (instantiate $hoard))
  (core instance (instantiate $hoard))
  (core instance (instantiate $hoard))
  (core instance (instantiate $hoard))
)
