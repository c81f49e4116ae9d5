/*
 * A service manager's ear, or the journal's: prints each message that comes to the socket PATH (datagrams), its lines
 * joined by blanks, until it is ended. Says "listening" first.
 *
 *   notified PATH
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char message[65536];
	ssize_t len;

	if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path)) {
		fputs("usage: notified PATH\n", stderr);
		return 2;
	}
	strcpy(address.sun_path, argv[1]);
	unlink(argv[1]);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		perror(argv[1]);
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("listening");
	while ((len = recv(fd, message, sizeof(message) - 1, 0)) >= 0) {
		message[len] = '\0';
		while (len > 0 && message[len - 1] == '\n')
			message[--len] = '\0';
		for (char *p = message; *p; p++)
			if (*p == '\n')
				*p = ' ';
		puts(message);
	}
	return 1;
}
