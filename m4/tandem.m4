# TANDEM_ADD_FLAG(VARIABLE, FLAG): appends FLAG to VARIABLE when the compiler takes it
# for compiling and linking without a word. Clang lacks some of GCC's warnings, and says
# so by a warning: hence -Werror.
AC_DEFUN([TANDEM_ADD_FLAG], [
	AS_VAR_PUSHDEF([known], [AS_TR_SH([tandem_cv_flag_$2])])
	AC_CACHE_CHECK([whether $CC takes $2], [known], [
		tandem_saved_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS -Werror $2"
		AC_LINK_IFELSE([AC_LANG_PROGRAM([])],
			[AS_VAR_SET([known], [yes])], [AS_VAR_SET([known], [no])])
		CFLAGS=$tandem_saved_CFLAGS
	])
	AS_VAR_IF([known], [yes], [$1="$$1 $2"])
	AS_VAR_POPDEF([known])
])

# TANDEM_ADD_FLAGS(VARIABLE, FLAGS): each flag of the list by itself.
AC_DEFUN([TANDEM_ADD_FLAGS], [
	m4_foreach_w([tandem_flag], [$2],
		[TANDEM_ADD_FLAG([$1], m4_quote(tandem_flag))])
])

# TANDEM_NEED(VARIABLE, MODULE, PACKAGE): a library that Tandem does not build without.
AC_DEFUN([TANDEM_NEED], [
	PKG_CHECK_MODULES([$1], [$2], [],
		[AC_MSG_ERROR([Tandem needs $2: on Debian, apt-get install $3 (./bootstrap does that)])])
	TANDEM_LIBS="$TANDEM_LIBS $[]$1[]_LIBS"
])

# TANDEM_MAY(VARIABLE, NAME, MODULE, PACKAGE, WITHOUT): a library that is used where it is, unless
# --without-NAME. HAVE_NAME is defined then; tandem_with_VARIABLE is for the summary.
AC_DEFUN([TANDEM_MAY], [
	AC_ARG_WITH([$2],
		[AS_HELP_STRING([--without-$2], [build without $2: $5])],
		[], [AS_VAR_SET([with_$2], [auto])])
	AS_IF([test "x$with_$2" != xno], [
		PKG_CHECK_MODULES([$1], [$3], [
			AC_DEFINE(AS_TR_CPP([HAVE_$2]), [1], [Define where there is $2.])
			TANDEM_LIBS="$TANDEM_LIBS $[]$1[]_LIBS"
			tandem_with_$1=yes
		], [
			AS_IF([test "x$with_$2" = xyes],
				[AC_MSG_ERROR([$3 was asked for and is not there: on Debian, apt-get install $4])])
			tandem_with_$1="no: $5 (on Debian, apt-get install $4)"
		])
	], [tandem_with_$1="no, as asked for: $5"])
])
