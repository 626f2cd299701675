/* Adam (Dozat 2015, Algorithm 6) as a program that the conformance suite can grade.

   It reads one command a line and writes one answer a line, as PROTOCOL.md says:

       cc -O2 -o adam conformance/examples/adam.c -lm
       python -m conformance --adapter exec:./adam

   The parsing is only just enough for what the suite writes: no spaces, and no two keys that could
   be taken for each other. A real project would use its JSON library. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int single; /* whether the run is in float32 */
    size_t size;
    int t;
    double eta, mu, nu, eps;
    double *theta, *m, *n, *g;
} Adam;

/* One step in one type. The arrays are of double, which holds the numbers of either type, but all
   arithmetic on them is in `real`. The scalars are computed in double and rounded once. */
#define STEP(name, real, root)                                              \
    static void name(Adam *a)                                               \
    {                                                                       \
        const real eta = a->eta, mu = a->mu, nu = a->nu, eps = a->eps;      \
        const real one_less_mu = 1 - a->mu, one_less_nu = 1 - a->nu;        \
        const real m_bias = 1 - pow(a->mu, a->t);                           \
        const real n_bias = 1 - pow(a->nu, a->t);                           \
        for (size_t i = 0; i < a->size; i++) {                              \
            const real g = a->g[i], theta = a->theta[i];                    \
            const real m = mu * (real)a->m[i] + one_less_mu * g;            \
            const real n = nu * (real)a->n[i] + one_less_nu * (g * g);      \
            a->theta[i] = theta - eta * (m / m_bias) / root(n / n_bias + eps); \
            a->m[i] = m;                                                    \
            a->n[i] = n;                                                    \
        }                                                                   \
    }

STEP(step_float, float, sqrtf)
STEP(step_double, double, sqrt)

/* A message on stderr, and an exit code that is not 0: the suite shows both. */
static void fail(const char *message, const char *detail)
{
    fprintf(stderr, "adam: %s%s\n", message, detail);
    exit(EXIT_FAILURE);
}

/* One line of input, however long; NULL at its end. */
static char *read_line(void)
{
    static char *line;
    static size_t room;
    size_t used = 0;
    do {
        if (room - used < 2 && !(line = realloc(line, room = 2 * room + 4096)))
            fail("no memory", "");
        if (!fgets(line + used, (int)(room - used), stdin))
            return NULL;
        used += strlen(line + used);
    } while (line[used - 1] != '\n');
    return line;
}

/* What stands after a key. */
static const char *after(const char *line, const char *key)
{
    const char *found = strstr(line, key);
    if (!found)
        fail("a message without ", key);
    return found + strlen(key);
}

static double number(const char *line, const char *key)
{
    return strtod(after(line, key), NULL);
}

/* How many numbers there are before the closing bracket. */
static size_t count(const char *text)
{
    size_t commas = 0;
    for (; *text && *text != ']'; text++)
        commas += *text == ',';
    return commas + 1;
}

/* Read numbers. NaN and the infinities come as strings, which strtod knows without the quotes. */
static void read_numbers(const char *text, size_t size, double *numbers)
{
    if (count(text) != size)
        fail("wrong number of components", "");
    for (size_t i = 0; i < size; i++) {
        char *end;
        numbers[i] = strtod(text + (*text == '"'), &end);
        text = end + (*end == '"') + 1;
    }
}

/* Write numbers: with 17 digits each reads back as the same double. NaN and the infinities are
   strings; they are known by their letters, because -ffast-math makes nothing of isnan. */
static void write_numbers(const char *key, size_t size, const double *numbers)
{
    printf("\"%s\":[", key);
    for (size_t i = 0; i < size; i++) {
        char text[32];
        snprintf(text, sizeof text, "%.17g", numbers[i]);
        printf(strchr(text, 'n') ? "%s\"%s\"" : "%s%s", i ? "," : "", text);
    }
    putchar(']');
}

static void start(Adam *a, const char *line)
{
    const char *theta = after(line, "\"theta\":[");
    if (!strstr(line, "\"method\":\"adam\"")) {
        puts("{\"unsupported\":\"only adam is here\"}");
        return;
    }
    free(a->theta);
    a->size = count(theta);
    a->theta = calloc(4 * a->size, sizeof(double)); /* m and n start at zero */
    if (!a->theta)
        fail("no memory", "");
    a->m = a->theta + a->size;
    a->n = a->m + a->size;
    a->g = a->n + a->size;
    a->t = 0;
    a->single = strstr(line, "\"dtype\":\"float32\"") != NULL;
    a->eta = number(line, "\"eta\":");
    a->mu = number(line, "\"mu\":");
    a->nu = number(line, "\"nu\":");
    a->eps = number(line, "\"eps\":");
    read_numbers(theta, a->size, a->theta);
    puts("{\"ok\":true}");
}

static void step(Adam *a, const char *line)
{
    read_numbers(after(line, "\"g\":["), a->size, a->g);
    a->t++;
    if (a->single)
        step_float(a);
    else
        step_double(a);
    putchar('{');
    write_numbers("theta", a->size, a->theta);
    putchar(',');
    write_numbers("m", a->size, a->m);
    putchar(',');
    write_numbers("n", a->size, a->n);
    puts("}");
}

int main(void)
{
    Adam adam = {0};
    const char *line;
    while ((line = read_line())) {
        if (strstr(line, "\"cmd\":\"hello\""))
            puts("{\"name\":\"adam.c\",\"version\":\"1.0\",\"methods\":[\"adam\"],"
                 "\"dtypes\":[\"float32\",\"float64\"]}");
        else if (strstr(line, "\"cmd\":\"start\""))
            start(&adam, line);
        else if (strstr(line, "\"cmd\":\"step\""))
            step(&adam, line);
        else if (strstr(line, "\"cmd\":\"stop\""))
            break;
        else
            fail("unknown command: ", line);
        fflush(stdout); /* or the answer stays in a buffer and the suite waits for it */
    }
    free(adam.theta);
    return EXIT_SUCCESS;
}
